"""Outputs, remaps, folders; initialdir; nothing else comes back."""
from clause import *

with World() as world:
    (world.folder / "there").mkdir()
    (world.folder / "elsewhere").mkdir()
    world.job("""
echo plain > result; echo moved > moved; mkdir -p tree/deep; echo leaf > tree/deep/leaf; : > unlisted
echo hello
""", transfer_output_files="result, moved, tree", initialdir="there",
              transfer_output_remaps='"moved=../elsewhere/renamed"', log="../job.log")
    world.run()
    there = world.folder / "there"
    equal(sorted(str(p.relative_to(there)) for p in there.rglob("*") if p.is_file()),
          ["job.err", "job.out", "result", "tree/deep/leaf"])
    equal(world.read("elsewhere/renamed"), "moved\n")
    equal(world.read("there/job.out"), "hello\n")
