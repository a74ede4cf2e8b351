# . ./env.sh     puts the commands, the library and the Python package of this checkout on your paths.
# shellcheck shell=sh
cairn_root=$(cd "$(dirname "${BASH_SOURCE:-$0}")" && pwd)
cmake --install "$cairn_root/build/release" --prefix "$cairn_root/build/installed" >/dev/null &&
  export PATH="$cairn_root/build/installed/bin:$PATH" \
    LD_LIBRARY_PATH="$cairn_root/build/installed/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" \
    PKG_CONFIG_PATH="$cairn_root/build/installed/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}" \
    PYTHONPATH="$cairn_root/build/installed/share/cairn/python${PYTHONPATH:+:$PYTHONPATH}"
unset cairn_root
