"""From a provider's rescue system to Talos, over SSH: log in, look, start another kernel.

    keys   a key pair of ours, and fingerprints as vendors write them
    shell  a session with whoever proves to be the machine; bounded in time and in output
    look   which machine it is, and the proof that it runs a rescue system
    kexec  download, check, load and start

Nothing here writes to a disk: Talos is started in memory and installs itself later.
"""
