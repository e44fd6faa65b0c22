#include "Origin.hpp"

#include "Decoding.hpp"

namespace audit_scan {

namespace {

struct Names {
    List<std::string_view> namespaces, containers, streams;
};

constexpr std::string_view namespaces[] = {
    "kubernetes.namespace_name", "kubernetes.pod_namespace", "kubernetes.namespace",
};
constexpr std::string_view containers[] = {"kubernetes.container_name", "kubernetes.container.name"};
constexpr std::string_view streams[] = {"stream"};
constexpr std::string_view sourceNamespaces[] = {"_source.kubernetes.namespace_name", "_source.kubernetes.namespace"};
constexpr std::string_view sourceContainers[] = {
    "_source.kubernetes.container_name", "_source.kubernetes.container.name",
};
constexpr std::string_view sourceStreams[] = {"_source.stream"};
constexpr std::string_view labelNamespaces[] = {"labels.namespace", "stream.namespace"};
constexpr std::string_view labelContainers[] = {"labels.container", "stream.container"};
constexpr std::string_view labelStreams[] = {"labels.stream", "stream.stream"};
constexpr std::string_view attributeNamespaces[] = {"k8s.namespace.name"};
constexpr std::string_view attributeContainers[] = {"k8s.container.name"};
constexpr std::string_view attributeStreams[] = {"log.iostream"};
constexpr std::string_view fieldNamespaces[] = {"fields.k8s.namespace.name"};
constexpr std::string_view fieldContainers[] = {"fields.k8s.container.name"};
constexpr std::string_view fieldStreams[] = {"fields.log.iostream"};

Names names(Naming naming) {
    switch (naming) {
    case Naming::record: return {namespaces, containers, streams};
    case Naming::elasticsearch: return {sourceNamespaces, sourceContainers, sourceStreams};
    case Naming::loki: return {labelNamespaces, labelContainers, labelStreams};
    case Naming::otlp: return {attributeNamespaces, attributeContainers, attributeStreams};
    case Naming::splunk: return {fieldNamespaces, fieldContainers, fieldStreams};
    }
    return {};
}

/// Whether a name is there, and is another one than it should be.
struct Named {
    bool isThere = false, isOther = false, isTwice = false;

    Named(const ObjectIndex &record, const List<std::string_view> &paths, std::string_view wanted) {
        for (std::string_view path : paths) {
            Found found = record.look(path);
            isThere |= found.isThere;
            isOther |= found.isThere && !found.spells(wanted);
            isTwice |= found.isTwice;
        }
    }
};

Origin origin(const ObjectIndex &record, const Names &names) {
    Named space(record, names.namespaces, "kube-system"), container(record, names.containers, "kube-apiserver");
    if (space.isOther || container.isOther || space.isThere != container.isThere) return Origin::foreign;
    bool isTwice = space.isTwice || container.isTwice;
    for (std::string_view path : names.streams) {
        Found found = record.look(path);
        if (found.spells("stderr")) return Origin::foreign;
        isTwice |= found.isTwice;
    }
    return isTwice ? Origin::twice : Origin::audit;
}

Origin originOfRecord(const ObjectIndex &record) {
    // Another value than an object may be a pod's, in the place of the names.
    Found named = record.look("kubernetes");
    bool isOther = named.isThere && !named.isObject() && named.value.view() != "null";
    Origin found = origin(record, names(Naming::record));
    return isOther && found == Origin::audit ? Origin::foreign : found;
}

}  // namespace

Origin worse(Origin first, Origin second) { return first == Origin::audit ? second : first; }

Origin namedOrigin(const ObjectIndex &record, Naming naming, std::string &buffer) {
    if (naming == Naming::record) return originOfRecord(record);
    if (naming != Naming::otlp) return origin(record, names(naming));
    Origin worst = Origin::audit;
    for (std::string_view path : {std::string_view("resource.attributes"), std::string_view("attributes")}) {
        Found attributes = record.look(path);
        if (attributes.isTwice) return Origin::twice;
        if (!attributes.isArray()) continue;
        if (decodeAttributes(attributes.value, buffer)) return Origin::twice;
        ObjectIndex index;
        if (!index.read(textOf(buffer))) return Origin::twice;
        worst = worse(worst, origin(index, names(naming)));
    }
    return worst;
}

Origin originOfEvent(const ObjectIndex &event) {
    Origin found = originOfRecord(event);
    // OpenShift's records of several programs.
    Found type = event.look("log_type"), source = event.look("log_source");
    bool isOther = (type.isThere && !type.spells("audit"))
        || (source.isThere && !source.spells("kubeAPI") && !source.spells("openshiftAPI"));
    if (type.isTwice || source.isTwice) found = worse(found, Origin::twice);
    return isOther && found != Origin::twice ? Origin::foreign : found;
}

}  // namespace audit_scan
