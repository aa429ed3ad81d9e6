"""The stages of one sample; each call is looked up in the cache before it is made."""
