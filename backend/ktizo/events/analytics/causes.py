"""Why boots fail, in an operator's words: what it means, and what to do about it."""

CAUSES: dict[str, tuple[str, str]] = {
    "no_loader_offered": (
        "It asked for a network boot and was offered no loader",
        "Ktizo has no loader for its architecture, or the LAN service was off; see Network.",
    ),
    "loader_not_fetched": (
        "It was offered a loader and never fetched it",
        "A firewall on UDP 69 or 4011, or firmware that ignores proxy-DHCP; see docs/networks.md.",
    ),
    "loader_missing": (
        "It asked TFTP for a file that is not there",
        "Another DHCP server names a file of its own, or a loader is not installed; see Network.",
    ),
    "loader_silent": (
        "The loader was fetched and never asked what to do",
        "It hung, has no driver for this card (try snponly.efi), or HTTP to Ktizo is blocked.",
    ),
    "stopped_after_script": (
        "It was told what to boot and never fetched the kernel",
        "The kernel is missing or was altered on disk; see the profile's files and Images.",
    ),
    "stopped_after_kernel": (
        "It fetched its kernel and nothing after it",
        "The initrd is missing, or the download broke off.",
    ),
    "stopped_after_initrd": (
        "Kernel and initrd were fetched and the config never was",
        "The kernel did not start, or has no network: look at its console and `console=`.",
    ),
    "stopped_after_config": (
        "It fetched its config and never said that it is installed",
        "Look at its console. Talos says nothing itself: mark it as running once it is.",
    ),
    "boot_loop": (
        "It asked for its installer again and again",
        "It is held on its disk. Find out why it restarts, then approve it again.",
    ),
    "no_lease": (
        "Its permission to install had run out",
        "Approve it again, and switch it on within the time given.",
    ),
    "no_profile": ("It is approved and has nothing to boot", "Give it a boot profile or a role."),
    "profile_broken": (
        "Its boot profile cannot be served",
        "A file is missing or altered, or its command line does not render; see Boot profiles.",
    ),
    "not_assigned": (
        "It asked for a profile that it was not given",
        "Assign the profile, or put it on a menu.",
    ),
    "identity_contested": (
        "It is not the machine on record",
        "Its UUID or serial changed, or two machines claim one identity: resolve the conflict.",
    ),
    "identity_unproven": (
        "It left out the UUID or serial on record",
        "An old loader or a changed board; boot it with Ktizo's own loader.",
    ),
    "foreign_card": (
        "It came from another network card than it named",
        "A relay or a bridge in between, or somebody pretends to be this machine.",
    ),
    "wrong_door": (
        "It came by a boot path that is not its own",
        "A rented server asks under its own path only, and each path answers one machine; where"
        " hardware came back under another order, remove its old record.",
    ),
    "database_down": ("Ktizo could not read its database", "See Settings, About, and the log."),
    "cannot_record": (
        "Ktizo could not write its history",
        "Free some disk space; until then nothing is installed.",
    ),
    "inspection_impossible": (
        "It was to be looked at, and its build of Talos cannot be served",
        "A file is missing in the mirror or does not fit its processor; see Images, ask again.",
    ),
    "inspection_used_up": (
        "It booted to be looked at again and again and never came up",
        "An installed Talos halts then; look at its console. Asking again begins anew.",
    ),
    "unreadable": ("It did not say which machine it is", "A loader that is not Ktizo's own."),
}


def words(cause: str) -> tuple[str, str]:
    """Return what `cause` means and what to do; of a cause nobody wrote about, the word itself."""
    return CAUSES.get(cause, (cause.replace("_", " "), ""))
