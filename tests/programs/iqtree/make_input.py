from sequences import evolved, write_phylip

write_phylip("alignment.phy", evolved(leaves=16, bases=1000))
