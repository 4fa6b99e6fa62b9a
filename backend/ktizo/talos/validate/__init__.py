"""Say what Talos would say of a machine config on metal, before a machine has to.

Three steps, as in Talos: load (unknown keys, kinds and types), each document by its own rules, then
all of them together. A config that does not load is not judged further.
"""

from ktizo.talos.validate.run import Verdict, validate, validate_documents

__all__ = ["Verdict", "validate", "validate_documents"]
