"""cairn show: 0 if all verifies, 1 with the reason if not."""
import json

from clause import *

GOLDEN = pathlib.Path(__file__).parents[2] / "src/format/testdata"
with World() as world:
    good = (GOLDEN / "gen-000041.cairn").read_bytes()
    state = world.folder / "state.ckpt"
    state.mkdir()
    (state / "gen-000041.cairn").write_bytes(good)
    finished = world.cairn("show", "state.ckpt")
    contains(finished.out, "results.csv")
    report = json.loads(world.cairn("show", "state.ckpt", "--json").out)
    equal((report["verified"], report["generations"][0]["generation"]), (True, 41))
    equal([region["name"] for region in report["generations"][0]["regions"]], ["sum", "field"])

    (state / "gen-000042.cairn").write_bytes(good[:-1])
    contains(world.cairn("show", "state.ckpt/gen-000042.cairn", status=1).out, "torn")
    (state / "gen-000042.cairn").write_bytes(good[:4097] + bytes([good[4097] ^ 1]) + good[4098:])
    finished = world.cairn("show", "state.ckpt", "--json", status=1)
    report = json.loads(finished.out)
    equal([one["verified"] for one in report["generations"]], [False, True])
    (world.folder / "empty").mkdir()
    world.cairn("show", "empty", status=1)
