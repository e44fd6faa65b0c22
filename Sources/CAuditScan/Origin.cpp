#include "Origin.hpp"

#include <algorithm>

#include "Decoding.hpp"
#include "PieceJoiner.hpp"

namespace audit_scan {

namespace {

using std::string_view;

/// What the value of a key says.
enum class About : uint8_t {
    space, container, pod, stream, file,
    fileName,     // without its directory
    runtimeName,  // the name that a container runtime gives
    instance,     // of Alloy: `NAMESPACE/POD:CONTAINER`
    sourceType,   // of Splunk
    unit,         // of systemd
    userUnit,
    tag,          // P for a piece, F for the last one
    partial,      // true for a piece
    lineBreak,    // why journald ended an entry
    flags,        // of Filebeat
};

struct Name {
    string_view path;
    About about;
};

/// What keys may begin with that name a writer. The first characters of each name below are among them.
constexpr string_view heads[] = {
    "kubernetes", "k8s", "stream", "log", "_", "partial", "container", "CONTAINER", "file", "path", "tag", "source",
    "namespace", "pod", "systemd",
};

// Sources, looked up on 2026-11-30: moby daemon/logger/fluentd and journald, conmon ctr_logging.c, Fluent Bit
// flb_ml_parser_cri.c, Vector lib/vector-core/src/event, Beats libbeat/reader, OpenTelemetry's container parser and file
// attributes, Fluent Bit's filter nest, Filebeat's input journald, Loki's push API, Alloy's loki.source.kubernetes.
constexpr Name names[] = {
    {"kubernetes.namespace_name", About::space}, {"kubernetes.pod_namespace", About::space},
    {"kubernetes.namespace", About::space}, {"kubernetes_namespace_name", About::space},
    {"kubernetes_namespace", About::space}, {"k8s.namespace.name", About::space},
    {"k8s_namespace_name", About::space}, {"_kubernetes_namespace_name", About::space},
    {"_kubernetes_namespace", About::space}, {"_k8s_namespace_name", About::space},
    {"kubernetes.container_name", About::container}, {"kubernetes.container.name", About::container},
    {"kubernetes_container_name", About::container}, {"k8s.container.name", About::container},
    {"k8s_container_name", About::container}, {"_kubernetes_container_name", About::container},
    {"_k8s_container_name", About::container},
    {"kubernetes.pod_name", About::pod}, {"kubernetes.pod.name", About::pod}, {"kubernetes_pod_name", About::pod},
    {"k8s.pod.name", About::pod}, {"k8s_pod_name", About::pod}, {"_kubernetes_pod_name", About::pod},
    {"_k8s_pod_name", About::pod},
    {"namespace_name", About::space}, {"pod_name", About::pod},
    {"stream", About::stream}, {"_stream", About::stream}, {"log.iostream", About::stream}, {"source", About::stream},
    {"log.file.path", About::file}, {"log_file_path", About::file}, {"_log_file_path", About::file},
    {"file", About::file}, {"_file", About::file}, {"filename", About::file}, {"filepath", About::file},
    {"path", About::file}, {"source", About::file}, {"tag", About::file}, {"_tag", About::file},
    {"log.file.path_resolved", About::file}, {"log.file.name", About::fileName},
    {"log.file.name_resolved", About::fileName},
    {"container_name", About::runtimeName}, {"_container_name", About::runtimeName},
    {"CONTAINER_NAME", About::runtimeName}, {"container.name", About::runtimeName},
    {"sourcetype", About::sourceType}, {"_SYSTEMD_UNIT", About::unit}, {"_SYSTEMD_USER_UNIT", About::userUnit},
    {"systemd.unit", About::unit}, {"systemd.user_unit", About::userUnit},
    {"logtag", About::tag}, {"_logtag", About::tag}, {"_p", About::tag},
    {"partial_message", About::partial}, {"_partial_message", About::partial}, {"_partial", About::partial},
    {"CONTAINER_PARTIAL_MESSAGE", About::partial}, {"container_partial_message", About::partial},
    {"container.partial", About::partial},
    {"_LINE_BREAK", About::lineBreak}, {"log.flags", About::flags},
};

/// The same among labels and fields, which have no other meaning there.
constexpr Name labels[] = {
    {"namespace", About::space}, {"namespace_name", About::space}, {"container", About::container},
    {"container_name", About::container}, {"pod", About::pod}, {"pod_name", About::pod},
    {"instance", About::instance}, {"unit", About::unit},
};

/// The same among the keys of a record, if at least two of them are there, each with a text. One alone may mean something
/// else.
constexpr Name plainNames[] = {{"namespace", About::space}, {"pod", About::pod}, {"container", About::container}};

string_view resolved(Text string, std::string &buffer) {
    if (string.size() < 2 || *string.from != '"') return {};
    resolveEscapes(string, buffer);
    return buffer;
}

bool begins(string_view text, string_view word) { return text.substr(0, word.size()) == word; }

/// `kube-apiserver`, or the name that a kubelet gives to its container.
bool isServersName(string_view name) {
    if (begins(name, "/")) name.remove_prefix(1);
    return name == "kube-apiserver"
        || (begins(name, "k8s_kube-apiserver_kube-apiserver") && name.find("_kube-system_") != name.npos);
}

/// Whether a file's name is of a container's log, `POD_NAMESPACE_CONTAINER-ID.log`, other than the API server's.
bool namesOtherLink(string_view name) {
    constexpr string_view suffix = ".log", digits = "0123456789abcdef";
    constexpr size_t idSize = 64;
    if (name.size() < idSize + suffix.size() + 1 || name.substr(name.size() - suffix.size()) != suffix) return false;
    string_view id = name.substr(name.size() - suffix.size() - idSize, idSize);
    bool isLink = id.find_first_not_of(digits) == id.npos && std::count(name.begin(), name.end(), '_') == 2;
    return isLink && namesOtherLog("/log/containers/" + std::string(name));
}

/// Whether Alloy's name of a container is of another one than the API server's.
bool namesOtherInstance(string_view name) {
    size_t slash = name.find('/'), colon = name.rfind(':');
    if (slash == name.npos || colon == name.npos || colon < slash) return false;
    return !begins(name, "kube-system/kube-apiserver") || name.substr(colon) != ":kube-apiserver";
}

/// What an object says of its writer.
struct Writer {
    bool hasSpace = false, hasContainer = false, hasRuntimeName = false, hasPod = false;
    bool isForeign = false, isTwice = false, hasTag = false, isTagged = false, isPiece = false;
    std::string buffer;

    void note(About about, const Found &found) {
        Text value = found.value;
        bool isFalse = value.view() == "false" || value.view() == "null" || found.spells("false");
        switch (about) {
        case About::space: hasSpace = true, isForeign |= !found.spells("kube-system"); break;
        case About::container: hasContainer = true, isForeign |= !found.spells("kube-apiserver"); break;
        case About::pod: hasPod = true, isForeign |= !beginsWith(value, "kube-apiserver"); break;
        case About::stream: isForeign |= found.spells("stderr"); break;
        case About::file: isForeign |= namesOtherLog(resolved(value, buffer)); break;
        case About::fileName: isForeign |= namesOtherLink(resolved(value, buffer)); break;
        case About::runtimeName: hasRuntimeName = true, isForeign |= !isServersName(resolved(value, buffer)); break;
        case About::instance: isForeign |= namesOtherInstance(resolved(value, buffer)); break;
        case About::sourceType:
            isForeign |= beginsWith(value, "kube:container:") && !found.spells("kube:container:kube-apiserver");
            break;
        case About::unit: isForeign |= beginsWith(value, "user@") || beginsWith(value, "session-"); break;
        case About::userUnit: isForeign = true; break;
        case About::tag: hasTag = true, isTagged |= !found.spells("F") && !beginsWith(value, "F:"); break;
        case About::partial: isPiece |= !isFalse; break;
        case About::lineBreak: isPiece |= found.spells("line-max"); break;
        case About::flags: isPiece |= hasPieceFlag(value); break;
        }
    }

    static bool hasPieceFlag(Text array) {
        Entries entries;
        entries.begin(array);
        for (Text entry; entries.next(entry);) {
            if (*entry.from == '"' && (spells(entry, "partial") || spells(entry, "truncated"))) return true;
        }
        return false;
    }

    Origin origin() const {
        // Another pod may have the name of the API server's in its own namespace.
        bool isNamed = hasContainer || (hasSpace && hasRuntimeName);
        if (isForeign || hasSpace != isNamed || (hasPod && !hasSpace)) return Origin::foreign;
        if (isTwice) return Origin::twice;
        return isPiece ? Origin::piece : isTagged ? Origin::tagged : Origin::audit;
    }
};

/// Whether a record has Docker's keys, and its text no line feed at the end: Docker cuts lines into pieces without any
/// other mark, and shippers that do not join them pass on each.
bool isDockersPiece(const ObjectIndex &record) {
    Piece piece;
    return record.look("stream").isText() && record.look("time").isText() && PieceJoiner::piece(record, piece)
        && !piece.isLast;
}

Origin originOf(const ObjectIndex &object, bool hasLabels) {
    uint32_t present = 0;
    for (size_t head = 0; head < std::size(heads); head++) {
        if (object.hasKey(heads[head])) present |= 1u << head;
    }
    if (present == 0 && !hasLabels) return Origin::audit;
    Writer writer;
    auto look = [&](const Name &name) {
        Found found = object.look(name.path);
        writer.isTwice |= found.isTwice;
        if (found.isThere) writer.note(name.about, found);
    };
    for (const Name &name : names) {
        bool isLabel = hasLabels && name.about == About::runtimeName;
        for (size_t head = 0; head < std::size(heads) && !isLabel; head++) {
            if (!begins(name.path, heads[head])) continue;
            if (present >> head & 1) look(name);
            break;
        }
    }
    if (hasLabels) {
        std::for_each(std::begin(labels), std::end(labels), look);
    } else {
        auto isText = [&](const Name &name) { return object.look(name.path).isText(); };
        if (std::count_if(std::begin(plainNames), std::end(plainNames), isText) > 1) {
            std::for_each(std::begin(plainNames), std::end(plainNames), look);
        }
    }
    // Containers of other runtimes have a tag.
    writer.isPiece |= !hasLabels && !writer.hasTag && isDockersPiece(object);
    // Another value than an object may be a pod's, in the place of the names.
    Found kubernetes = object.look("kubernetes");
    bool isOther = kubernetes.isThere && !kubernetes.isObject() && kubernetes.value.view() != "null";
    Origin found = writer.origin();
    return isOther ? worse(found, Origin::foreign) : found;
}

/// The origin that an object in a record names.
Origin originWithin(const ObjectIndex &record, string_view key, bool hasLabels) {
    Found holder = record.look(key);
    if (holder.isTwice) return Origin::twice;
    if (!holder.isObject()) return Origin::audit;
    ObjectIndex index;
    return index.read(holder.value) ? originOf(index, hasLabels) : Origin::twice;
}

Origin originOfAttributes(const ObjectIndex &record, string_view path, std::string &buffer) {
    Found attributes = record.look(path);
    if (attributes.isTwice) return Origin::twice;
    if (!attributes.isArray()) return Origin::audit;
    if (decodeAttributes(attributes.value, buffer)) return Origin::twice;
    ObjectIndex index;
    return index.read(textOf(buffer)) ? originOf(index, false) : Origin::twice;
}

}  // namespace

Origin worse(Origin first, Origin second) { return first >= Origin::foreign ? first : std::max(first, second); }

bool mayNameWriter(string_view key) {
    if (key == "sourceIPs") return false;
    return std::any_of(std::begin(heads), std::end(heads), [key](string_view head) { return begins(key, head); });
}

bool mayNameWriter(Text key) {
    if (spells(key, "sourceIPs")) return false;
    return std::any_of(std::begin(heads), std::end(heads), [key](string_view head) { return beginsWith(key, head); });
}

bool namesOtherLog(string_view path) {
    for (char separator : {'/', '.'}) {
        auto directory = [separator](string_view name) {
            return std::string("log") + separator + std::string(name) + separator;
        };
        std::string containers = directory("containers"), pods = directory("pods");
        if (size_t at = path.find(containers); at != path.npos) {
            string_view file = path.substr(at + containers.size());
            size_t space = std::min(file.find('_'), file.size());
            return !begins(file, "kube-apiserver") || !begins(file.substr(space), "_kube-system_kube-apiserver-");
        }
        if (size_t at = path.find(pods); at != path.npos) {
            string_view file = path.substr(at + pods.size());
            std::string container = separator + std::string("kube-apiserver") + separator;
            return !begins(file, "kube-system_kube-apiserver")
                || file.substr(file.rfind('_')).find(container) == string_view::npos;
        }
    }
    return false;
}

Origin namedOrigin(const ObjectIndex &record, Naming naming, std::string &buffer) {
    if (naming == Naming::otlp) {
        Origin own = originOfAttributes(record, "attributes", buffer);
        return worse(worse(originOfAttributes(record, "resource.attributes", buffer),
                           originOfAttributes(record, "scope.attributes", buffer)), own);
    }
    Origin own = originOf(record, false);
    switch (naming) {
    case Naming::elasticsearch: return worse(own, originWithin(record, "_source", false));
    case Naming::loki:
        for (string_view key : {"labels", "stream", "structuredMetadata"}) {
            own = worse(own, originWithin(record, key, true));
        }
        return own;
    case Naming::splunk: return worse(own, originWithin(record, "fields", true));
    default: return own;
    }
}

Origin originOfMetadata(Text object) {
    ObjectIndex index;
    if (!index.read(object)) return Origin::twice;
    return worse(originOf(index, true), originWithin(index, "structuredMetadata", true));
}

Origin originOfEvent(const ObjectIndex &event, size_t size) {
    Origin found = originOf(event, false);
    if (found == Origin::tagged) found = size > longestPiece ? Origin::audit : Origin::piece;
    // OpenShift's records of several programs.
    Found type = event.look("log_type"), source = event.look("log_source");
    bool isOther = (type.isThere && !type.spells("audit"))
        || (source.isThere && !source.spells("kubeAPI") && !source.spells("openshiftAPI"));
    if (type.isTwice || source.isTwice) found = worse(found, Origin::twice);
    return isOther && found != Origin::twice ? Origin::foreign : found;
}

}  // namespace audit_scan
