# The Debian package, from DIRECTORY/root. Read by ../build.

deb() {
    local tree=$output/deb
    rm -rf "$tree"
    mkdir "$tree"
    cp -a "$root/." "$tree"
    mkdir "$tree/DEBIAN"

    # Debian's own changelog is the one of the packaging; it has an entry for the version.
    local maintainer=${MAINTAINER:-kube-audit-exporter maintainers <maintainers@kube-audit-exporter.invalid>}
    {
        echo "$name ($version-1) unstable; urgency=medium"
        echo
        echo "  * Version $version; changelog.gz lists the changes."
        echo
        echo " -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")"
    } | gzip -9n >"$tree/usr/share/doc/$name/changelog.Debian.gz"
    install -D -m 0644 "$here/deb/lintian-overrides" "$tree/usr/share/lintian/overrides/$name"
    find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

    # dpkg-shlibdeps names the packages of the libraries, with the versions whose symbols are used.
    mkdir -p "$output/shlibdeps/debian"
    printf 'Source: %s\n\nPackage: %s\nArchitecture: any\n' "$name" "$name" >"$output/shlibdeps/debian/control"
    local depends
    depends=$(cd "$output/shlibdeps" && dpkg-shlibdeps -O --warnings=0 "$tree/usr/bin/$name") ||
        fail "dpkg-shlibdeps does not know a library of $binary; run 'make deps' on Debian 12"
    rm -rf "$output/shlibdeps"
    depends=${depends#shlibs:Depends=}

    local size
    size=$(cd "$tree" && find etc usr -type f -printf '%s\n' | awk '{ kib += int(($1 + 1023) / 1024) } END { print kib }')
    sed -e "s/@VERSION@/$version-1/; s/@ARCHITECTURE@/$architecture/; s/@SIZE@/$size/" \
        -e "s/@MAINTAINER@/$maintainer/; s/@DEPENDS@/$depends/" "$here/deb/control.in" >"$tree/DEBIAN/control"
    (cd "$tree" && find etc -type f -printf '/%p\n' | sort) >"$tree/DEBIAN/conffiles"
    (cd "$tree" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
    install -m 0755 "$here"/deb/{postinst,prerm,postrm} "$tree/DEBIAN"
    chmod 0644 "$tree"/DEBIAN/{control,conffiles,md5sums}

    dpkg-deb --root-owner-group -Zxz --build "$tree" "$deb" >/dev/null
    rm -rf "$tree"
}
