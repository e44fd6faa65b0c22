"""Writes an image as an archive of the OCI image layout, byte for byte the same for the same files.

The archive also has the index of `docker save`, so that every version of docker loads it.
"""

import gzip
import hashlib
import io
import json
import tarfile
import time

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def timestamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def tar(entries, seconds):
    """An uncompressed archive of entries by path, all with one time."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, entry in entries.items():
            member = tarfile.TarInfo(path)
            member.mode, member.uid, member.gid, member.mtime = entry.mode, entry.user, entry.group, seconds
            if entry.target is not None:
                member.type, member.linkname = tarfile.SYMTYPE, entry.target
            elif entry.content is None:
                member.type = tarfile.DIRTYPE
            else:
                member.size = len(entry.content)
            archive.addfile(member, io.BytesIO(entry.content or b""))
    return buffer.getvalue()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def encoded(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


class Image:
    """An image for one architecture, with a layer for each dictionary of entries by path."""

    def __init__(self, layers, architecture, config, seconds):
        tars = [tar(entries, seconds) for entries in layers.values()]
        self.unpacked = sum(map(len, tars))
        layer_blobs = [gzip.compress(data, compresslevel=9, mtime=0) for data in tars]
        created = timestamp(seconds)
        config_blob = encoded(
            {
                "architecture": architecture,
                "os": "linux",
                "created": created,
                "config": config,
                "rootfs": {"type": "layers", "diff_ids": [digest(data) for data in tars]},
                "history": [{"created": created, "created_by": name} for name in layers],
            }
        )
        self.manifest = encoded(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": descriptor(CONFIG, config_blob),
                "layers": [descriptor(LAYER, blob) for blob in layer_blobs],
                "annotations": config["Labels"],
            }
        )
        self.config, self.layers = config_blob, layer_blobs
        self.seconds, self.architecture = seconds, architecture

    def archive(self, name, tag):
        """The archive as bytes, with the image's name for programs that read it."""
        platform = {"architecture": self.architecture, "os": "linux"}
        names = {
            "org.opencontainers.image.ref.name": tag,
            # Read by containerd and by docker with containerd's store.
            "io.containerd.image.name": f"docker.io/library/{name}:{tag}",
        }
        index = {
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": [{**descriptor(MANIFEST, self.manifest), "platform": platform, "annotations": names}],
        }
        docker = [
            {
                "Config": blob_path(self.config),
                "RepoTags": [f"{name}:{tag}"],
                "Layers": [blob_path(layer) for layer in self.layers],
            }
        ]
        files = {
            "oci-layout": encoded({"imageLayoutVersion": "1.0.0"}),
            "index.json": encoded(index),
            "manifest.json": encoded(docker),
        }
        files.update((blob_path(data), data) for data in [self.config, self.manifest, *self.layers])
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for path in sorted(["blobs", "blobs/sha256", *files]):
                member = tarfile.TarInfo(path)
                member.mtime = self.seconds
                if path in files:
                    member.size, member.mode = len(files[path]), 0o644
                else:
                    member.type, member.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(member, io.BytesIO(files.get(path, b"")))
        return buffer.getvalue()


def blob_path(data):
    return "blobs/" + digest(data).replace(":", "/")


def descriptor(media_type, data):
    return {"mediaType": media_type, "digest": digest(data), "size": len(data)}
