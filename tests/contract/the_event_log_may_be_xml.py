"""log_xml: each event is an XML object, as HTCondor writes it; nothing but its form changes."""
import xml.etree.ElementTree as ElementTree

from clause import *

with World() as world:
    world.job('if [ $step = 0 ]; then save 1; exit 77; fi\n: > result\n', **{"+UserLogUseXML": "true"})
    world.run()
    events = ElementTree.fromstring("<log>" + world.read("job.log") + "</log>")
    numbers = [int(event.find("a[@n='EventTypeNumber']/i").text) for event in events]
    equal([number for number in numbers if number != 6], [0, 40, 40, 1, 40, 40, 40, 40, 5])
    kinds = [event.find("a[@n='MyType']/s").text for event in events]
    equal((kinds[0], kinds[-1]), ("SubmitEvent", "JobTerminatedEvent"))
    equal(events[-1].find("a[@n='ReturnValue']/i").text, "0")
    contains(world.cairn("log", "1", "--events", status=1).err, "job.log is written as XML")

# Whoever writes it: cairn submit, the engine, and verbs where nothing runs.
with World() as world:
    world.job(": > result\n", log_xml="true", hold="true")
    world.cairn("submit", "job.sub")
    world.cairn("release", "1")
    world.cairn("wait", "1")
    world.run(status=1)
    world.cairn("hold", "2")
    world.cairn("remove", "2")
    events = ElementTree.fromstring("<log>" + world.read("job.log") + "</log>")
    kinds = [(event.find("a[@n='Cluster']/i").text, event.find("a[@n='MyType']/s").text) for event in events]
    equal([kinds[0], kinds[1]], [("1", "SubmitEvent"), ("1", "JobReleaseEvent")])
    equal([kind for cluster, kind in kinds if cluster == "2"], ["SubmitEvent", "JobAbortedEvent"])
