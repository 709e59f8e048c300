# What scripts/ share: system packages and the virtual environment, installed where they are missing.
# Read by `. scripts/lib.sh` with `root` set to the repository. Quiet: one line for each step that takes time.
# shellcheck shell=sh

python=/usr/bin/python3 # Debian's, because PyAudio and the journal's module come as Debian packages for it
venv=${root:?}/.venv
me=scripts/$(basename "$0")

# shellcheck disable=SC2034  # for those who read this
run_packages="python3-venv python3-pyaudio python3-systemd espeak-ng"
# shellcheck disable=SC2034
test_packages="$run_packages pulseaudio pulseaudio-utils libasound2-plugins openssl systemd shellcheck iproute2 \
systemd-container mmdebstrap lintian chromium"

unset PYTHONHOME PYTHONPATH PIP_PREFIX PIP_TARGET PIP_USER PIP_REQUIRE_VIRTUALENV

fail() {
    echo "$me: $*" >&2
    exit 1
}

# step WHAT COMMAND...: run it with its output put aside; say how long it took, and on failure what it said.
step() {
    what=$1
    shift
    begun=$(date +%s)
    log=$(mktemp)
    if "$@" >"$log" 2>&1 </dev/null; then
        echo "$me: $what: $(($(date +%s) - begun)) s" >&2
        rm -f "$log"
    else
        tail -n 30 "$log" >&2
        rm -f "$log"
        fail "$what: failed; what it said is above"
    fi
}

# need_packages NAME...: install those that are missing.
need_packages() {
    command -v apt-get >/dev/null ||
        fail "this is not Debian: install what these Debian packages hold, and make .venv by hand: $*"
    missing=
    for package in "$@"; do
        # shellcheck disable=SC2016  # the dollar is dpkg's
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=none
        [ "$state" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -eq 0 ]; then
        as_root="env"
    elif command -v sudo >/dev/null; then
        sudo -v || fail "these packages are missing and sudo does not let you install them:$missing"
        as_root="sudo env"
    else
        fail "these packages are missing, and you are not root; ask root to: apt-get install$missing"
    fi
    apt="$as_root DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300"
    # shellcheck disable=SC2086  # words are meant
    step "package lists" $apt update
    # shellcheck disable=SC2086
    step "installing$missing" $apt install --no-install-recommends $missing
}

# need_venv EXTRA: .venv with the project and this extra of pyproject.toml. A stamp makes the next run quick.
need_venv() {
    extra=$1
    version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])') ||
        fail "$python does not run; ask root to: apt-get install --reinstall python3"
    case $version in
    3.11.* | 3.12.* | 3.13.*) ;;
    *) fail "$python is $version; Python 3.11 to 3.13 is needed (Debian 12 or 13)" ;;
    esac
    stamp=$venv/.ready-$extra
    key=$({ echo "$version $root $extra" && cat "$root/pyproject.toml" "$root/scripts/lib.sh"; } | sha256sum)
    exec 9<"$root"
    flock 9 # two scripts at once: the second waits for the first
    if [ "$(cat "$stamp" 2>/dev/null)" != "$key" ] || ! usable_venv "$version"; then
        make_venv "$version" "$extra"
        printf '%s\n' "$key" >"$stamp"
    fi
    exec 9<&-
}

make_venv() {
    if ! usable_venv "$1"; then
        rm -rf "$venv" || fail "cannot remove the unusable $venv; remove it by hand"
        step "making .venv" "$python" -m venv --system-site-packages "$venv"
    fi
    # Whoever is killed from here on leaves a mark, and the next one begins anew.
    touch "$venv/.unfinished" || fail "cannot write into $venv; it belongs to somebody else"
    # Compiling needs more than a small board has: these two come from Debian, or there is an error to show.
    step "Python packages ($2)" "$venv/bin/python" -m pip install --disable-pip-version-check \
        --only-binary pyaudio,systemd-python -e "${root}[$2]"
    rm -f "$venv/.unfinished"
}

usable_venv() {
    [ ! -e "$venv/.unfinished" ] &&
        grep -qx 'include-system-site-packages = true' "$venv/pyvenv.cfg" 2>/dev/null &&
        grep -qx "version = $1" "$venv/pyvenv.cfg" &&
        [ "$(readlink -f "$venv/bin/python")" = "$(readlink -f "$python")" ] &&
        [ -e "$venv/bin/pip" ]
}
