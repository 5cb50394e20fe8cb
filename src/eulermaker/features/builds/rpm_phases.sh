#!/bin/sh
# Build a spec in phases. Runs inside the build, mounted from the context, and is no part of the image.
#
#   compile SPEC          prepare and compile; SPEC is the user's without what packaging alone needs
#   package SPEC          package what `compile` left; from the start where that could make a difference
#   resume SPEC           compile what changed in the kept tree of an earlier build, then package
set -eu

top=/root/rpmbuild
work=$top/.phases       # of this build: removed before it ends
earlier=/media          # the tree of the earlier build, if any
kept=$earlier/.kept     # what that kept beside it
state=$top/.kept        # what this one keeps for a later build

say() { echo "eulermaker: $*"; }

# What apt installs is unknown to rpm's database, so rpmbuild cannot check it.
unchecked() { if command -v apt-get >/dev/null; then echo --nodeps; fi; }

build() { rpmbuild "$@"; }

# From 4.20 on rpm makes a build directory of its own each time, and has phases that this does not know.
has_phases() {
    version=$(rpmbuild --version | sed 's/[^0-9]*\([0-9]*\)\.\([0-9]*\).*/\1 \2/')
    # shellcheck disable=SC2086
    set -- $version
    [ "$1" -eq 4 ] && [ "$2" -lt 20 ] && ! grep -q '^%generate_buildrequires' "$spec"
}

# The scripts of %prep and %build as rpm would run them.
scripts() {
    rpmspec -P "$1" | awk '
        /^%(prep|build)[[:space:]]*$/ { on = 1; print; next }
        /^%(description|package|install|check|clean|files|changelog|pre|post|trigger|verify|sepolicy|file|trans)/ { on = 0 }
        on { print }'
}

# Whether what compiling made depends on nothing that packaging alone should need.
same_scripts() {
    scripts "$work/compiled.spec" >"$work/compiled" && scripts "$spec" >"$work/wanted" || return 1
    cmp -s "$work/compiled" "$work/wanted" || return 1
    ! grep -Eq 'RPM_PACKAGE_RELEASE|RPM_BUILD_ROOT' "$work/wanted" || return 1
    [ "$(rpm --eval '%{?source_date_epoch_from_changelog}')" != 1 ]
}

# The spec with those scripts ended before they do anything: rpm still reads all that they define.
without() {
    pattern=$1
    awk -v pattern="^%($pattern)[[:space:]]*\$" '{ print } $0 ~ pattern { print "exit 0" }' "$spec"
}

compile() {
    has_phases || return 0
    mkdir -p "$work"
    cp "$spec" "$work/compiled.spec"
    # shellcheck disable=SC2046
    build -bc $(unchecked) "$spec"
    touch "$work/done"
}

package() {
    if [ -e "$work/done" ] && same_scripts; then
        say "compiled already: packaging"
        without 'prep|build' >"$work/package.spec"
        # shellcheck disable=SC2046
        build -bb $(unchecked) "$work/package.spec"
        # shellcheck disable=SC2046
        build -bs $(unchecked) "$spec"
    else
        rm -rf "$top/BUILD" && mkdir "$top/BUILD"
        # shellcheck disable=SC2046
        build -ba $(unchecked) "$spec"
    fi
    rm -rf "$work"
}

# Digest and path of each file of a tree, links by what they point to.
manifest() {
    (cd "$1" && find . -type f -exec sha256sum {} + && find . -type l -printf 'link:%l  %p\n') | LC_ALL=C sort
}

paths() { sed 's/^[^ ]*  //'; }

# Bring the kept tree to the sources of this build: what did not change keeps its products and its time.
merge() {
    LC_ALL=C comm -13 "$kept/manifest" "$work/manifest" | paths >"$work/changed" &&
        paths <"$kept/manifest" | LC_ALL=C sort >"$work/old" &&
        paths <"$work/manifest" | LC_ALL=C sort >"$work/new" &&
        LC_ALL=C comm -23 "$work/old" "$work/new" >"$work/gone" &&
        mv "$top/BUILD" "$work/fresh" &&
        cp -a "$earlier/BUILD" "$top/BUILD" || return 1
    while IFS= read -r path; do rm -f "$top/BUILD/$path" || return 1; done <"$work/gone"
    while IFS= read -r path; do
        mkdir -p "$top/BUILD/${path%/*}" &&
            cp -P --remove-destination "$work/fresh/$path" "$top/BUILD/$path" || return 1
    done <"$work/changed"
    say "kept build tree: $(wc -l <"$work/changed") changed, $(wc -l <"$work/gone") removed"
}

# Packages: what configure finds may differ with each that comes or goes.
installed() { { rpm -qa; if command -v dpkg-query >/dev/null; then dpkg-query -W; fi; } 2>/dev/null | sort | sha256sum | cut -c1-64; }

compiler_cache() {
    for folder in /usr/lib64/ccache /usr/lib/ccache; do
        if command -v ccache >/dev/null && [ -d "$folder" ]; then
            export PATH="$folder:$PATH" CCACHE_DIR=/root/.cache/ccache CCACHE_BASEDIR="$top/BUILD"
            ccache -z >/dev/null
            return
        fi
    done
}

compiler_cache_told() {
    [ -n "${CCACHE_DIR:-}" ] || return 0
    ccache --print-stats | awk '
        $1 == "direct_cache_hit" || $1 == "preprocessed_cache_hit" { hits += $2 }
        $1 == "cache_miss" { misses += $2 }
        END { printf "eulermaker: compiler cache: %d hits, %d misses\n", hits, misses }'
}

draft() {
    # Packed as fast as can be: nobody keeps a draft for its size.
    build --define '_binary_payload w1.gzdio' --define '_source_payload w1.gzdio' "$@"
}

resume() {
    mkdir -p "$work" "$state"
    compiler_cache
    EULERMAKER_INSTALLED=$(installed)
    export EULERMAKER_INSTALLED EULERMAKER_CONFIGURED="$state" CONFIG_SITE="${0%/*}/config.site"
    if has_phases; then
        # shellcheck disable=SC2046
        build -bp $(unchecked) "$spec"
        manifest "$top/BUILD" >"$work/manifest"
        if ! { [ -s "$kept/manifest" ] && resumed; }; then
            without prep >"$work/package.spec"
            # shellcheck disable=SC2046
            draft -bb --noclean $(unchecked) "$work/package.spec"
            # shellcheck disable=SC2046
            draft -bs $(unchecked) "$spec"
        fi
        keep
    else
        # shellcheck disable=SC2046
        draft -ba $(unchecked) "$spec"
        rm -rf "$work"
    fi
    compiler_cache_told
}

resumed() {
    # shellcheck disable=SC2046
    if cp -a "$kept/." "$state/" && rm -f "$state/manifest" && merge &&
        without prep >"$work/package.spec" &&
        draft -bb --noclean $(unchecked) "$work/package.spec" && draft -bs $(unchecked) "$spec"; then
        return 0
    fi
    say "the kept build tree does not build: building from the start"
    rm -rf "$top/BUILDROOT" "$top/RPMS" "$top/SRPMS" "$state"
    mkdir -p "$state"
    if [ -d "$work/fresh" ]; then rm -rf "$top/BUILD" && mv "$work/fresh" "$top/BUILD"; fi
    return 1
}

keep() {
    # A name that the manifest cannot hold in one line makes a tree that is not kept.
    if grep -q '^\\' "$work/manifest"; then rm -rf "$state"; else mv "$work/manifest" "$state/manifest"; fi
    rm -rf "$work"
}

spec=$2
"$1"
