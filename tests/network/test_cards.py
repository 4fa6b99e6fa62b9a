from ktizo.network.neighbours import Cards

TABLE = {"192.168.1.5": "52:54:00:00:00:05"}


class Kernel:
    """A neighbour table that counts how often it was read."""

    def __init__(self) -> None:
        self.table = dict(TABLE)
        self.reads = 0
        self.now = 0.0

    def look(self) -> dict[str, str]:
        self.reads += 1
        return dict(self.table)


def test_an_address_on_the_wire_has_the_card_its_packets_come_from():
    kernel = Kernel()
    cards = Cards(kernel.look, lambda: kernel.now)
    assert cards.at("192.168.1.5") == "52:54:00:00:00:05"
    assert cards.at("192.168.1.5") == "52:54:00:00:00:05"
    assert kernel.reads == 1


def test_a_machine_that_has_just_come_is_found_though_the_table_was_read_a_moment_ago():
    kernel = Kernel()
    cards = Cards(kernel.look, lambda: kernel.now)
    assert cards.at("192.168.1.9") is None
    kernel.table["192.168.1.9"] = "52:54:00:00:00:09"
    assert cards.at("192.168.1.9") == "52:54:00:00:00:09"


def test_an_address_that_moved_to_another_card_is_noticed_within_a_second():
    kernel = Kernel()
    cards = Cards(kernel.look, lambda: kernel.now)
    cards.at("192.168.1.5")
    kernel.table["192.168.1.5"] = "52:54:00:00:00:66"
    kernel.now = 1.1
    assert cards.at("192.168.1.5") == "52:54:00:00:00:66"


def test_this_box_itself_is_nobody_on_the_wire():
    kernel = Kernel()
    assert Cards(kernel.look).at("127.0.0.1") is None
    assert kernel.reads == 0
