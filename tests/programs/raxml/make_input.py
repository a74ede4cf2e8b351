from sequences import evolved, write_phylip

write_phylip("alignment.phy", evolved(leaves=8, bases=80))
