"""The SBOM of the image: what is linked into the exporter, from the SBOM of the packages, and Debian's packages in the
image with their versions, which may be newer than those that the exporter was built with.
"""

import hashlib
import json
import re

NAME = "kube-audit-exporter"
IMAGE = f"SPDXRef-Package-{NAME}-image"
PROGRAM = f"SPDXRef-Package-{NAME}"


def fields(control):
    """The one-line fields of a control file."""
    return dict(re.findall(r"^([A-Z][\w-]*): (.*)$", control.decode(), re.MULTILINE))


def package(name, version, purpose, **more):
    return {
        "SPDXID": "SPDXRef-Package-" + re.sub(r"[^A-Za-z0-9.-]", "-", name),
        "name": name,
        "versionInfo": version,
        "supplier": "NOASSERTION",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "primaryPackagePurpose": purpose,
        **more,
    }


def debian_package(control):
    about = fields(control)
    version = about["Version"]
    escaped = version.replace("+", "%2B").replace(":", "%3A").replace("~", "%7E")
    locator = f"pkg:deb/debian/{about['Package']}@{escaped}?arch={about['Architecture']}&distro=debian-12"
    return package(
        about["Package"],
        version,
        "LIBRARY",
        externalRefs=[{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": locator}],
        sourceInfo=f"Debian's source package {about.get('Source', about['Package']).split()[0]}",
        comment=f"Only the files that the image needs; /usr/share/doc/{about['Package']}/copyright has its licence.",
    )


def sbom(staged, controls, version):
    """The SBOM as bytes, from that of the packages and the control files of Debian's packages in the image."""
    document = json.loads(staged)
    links = [item for item in document["relationships"] if item["relationshipType"] in ("STATIC_LINK", "DYNAMIC_LINK")]
    linked = {item["relatedSpdxElement"] for item in links if item["relationshipType"] == "STATIC_LINK"}
    own = [item for item in document["packages"] if item["SPDXID"] in linked | {PROGRAM}]
    debian = [debian_package(control) for control in controls]
    present = {item["SPDXID"] for item in [*own, *debian]}
    missing = [item["relatedSpdxElement"] for item in links if item["relatedSpdxElement"] not in present]
    if missing:
        raise ValueError(f"the image lacks {', '.join(missing)}, which the SBOM of the packages names")
    image = package(f"{NAME}-image", version, "CONTAINER")
    document["name"] = f"{NAME}-image-{version}"
    document["packages"] = [image, *own, *debian]
    document["relationships"] = [
        {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": IMAGE},
        *(
            {"spdxElementId": IMAGE, "relationshipType": "CONTAINS", "relatedSpdxElement": identifier}
            for identifier in [PROGRAM, *(item["SPDXID"] for item in debian)]
        ),
        *links,
    ]
    # A document of its own has a name of its own, which follows from its content.
    document.pop("documentNamespace", None)
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    document["documentNamespace"] = f"https://spdx.org/spdxdocs/{NAME}-image-{version}-{digest}"
    return json.dumps(document, indent=2, sort_keys=True).encode() + b"\n"
