"""The static program, a static program to wrap, and nothing else: no C library, no /tmp, no shell."""
import pathlib
import shutil
import subprocess
from wrapping import WRAP, World

PROGRAM = r"""
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
static volatile sig_atomic_t asked;
static void note(int s) { asked = s; }
int main(int argc, char** argv) {
  long step = 0, begun;
  FILE* f = argc > 1 ? fopen("state", "r") : NULL;
  if (f) { if (fscanf(f, "%ld", &step) != 1) return 9; fclose(f); }
  begun = step;
  signal(SIGTERM, note);
  for (; step < 300; ++step) {
    if (asked) { f = fopen("state.new", "w"); fprintf(f, "%ld\n", step); fclose(f); rename("state.new", "state"); return 0; }
    do usleep(2000); while ((step == 100 || step == 200) && begun < step && !asked);  // so often it is ended
  }
  f = fopen("result", "w"); fprintf(f, "%ld\n", step); fclose(f);
  return 0;
}
"""
with World() as world:
    root = world.root / "root"
    root.mkdir()
    (world.root / "p.c").write_text(PROGRAM)
    subprocess.run(["gcc", "-static", "-o", root / "program", world.root / "p.c"], check=True)
    shutil.copy(WRAP, root / "cairn-wrap")
    assert pathlib.Path(WRAP).stat().st_size < 3_000_000, "cairn-wrap is to go along with every job"
    command = ["unshare", "--user", "--map-root-user", "chroot", root, "/cairn-wrap", "--checkpoint-files", "state", "--every", "100ms",
               "--resume-args", "go-on", "--finished-when", "result", "--", "/program"]
    codes = []
    while not codes or codes[-1] == 77:
        codes.append(subprocess.run(command, stdin=subprocess.DEVNULL, timeout=100).returncode)
    assert codes[-1] == 0 and len(codes) > 2, codes
    assert (root / "result").read_text() == "300\n"
