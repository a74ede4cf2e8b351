# . ./env.sh     puts the commands, the library and the Python package of this checkout on your paths.
# shellcheck shell=sh
# zsh has this file's name in $0, bash in BASH_SOURCE; other shells cannot say: be in the folder.
cairn_root=$(cd "$(dirname "${BASH_SOURCE:-$0}")" && pwd)
[ -f "$cairn_root/env.sh" ] || cairn_root=$PWD
if ! [ -f "$cairn_root/env.sh" ]; then
  echo "env.sh: go to the folder of Cairn first, or use bash" >&2
elif ! [ -f "$cairn_root/build/release/cairn" ]; then
  echo "env.sh: nothing is built yet; run: make -C $cairn_root build" >&2
else
  cmake --install "$cairn_root/build/release" --prefix "$cairn_root/build/installed" >/dev/null &&
    export PATH="$cairn_root/build/installed/bin:$PATH" \
      LD_LIBRARY_PATH="$cairn_root/build/installed/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" \
      PKG_CONFIG_PATH="$cairn_root/build/installed/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}" \
      PYTHONPATH="$cairn_root/build/installed/share/cairn/python${PYTHONPATH:+:$PYTHONPATH}"
fi
unset cairn_root
