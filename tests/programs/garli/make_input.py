from sequences import evolved, write_nexus

write_nexus("alignment.nex", evolved(leaves=16, bases=200))
