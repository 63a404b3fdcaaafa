"""What is told to HAProxy and what its answers mean."""

from serve.gateway.runtime_api import counting, word

ROWS = """# table: keys, type: string, size:1024, used:3
0x39a2e4b8: key=17:key00001 use=1 exp=3599848 shard=0 gpc0=4 http_req_cnt=3
0x5643a5604e98: key=::ffff:1 use=0 exp=3599891 gpc0=0
0x5643a5604e99: key=here use=2 exp=3599891 conn_cur=2
"""


def test_counters_are_told_again() -> None:
    """Counts go over with their keys, in the form of HAProxy 2.6 and of later ones; what is under way does not."""
    assert counting("keys", ROWS) == (
        "set table keys key 17:key00001 data.gpc0 4 data.http_req_cnt 3",
        "set table keys key ::ffff:1 data.gpc0 0",
    )


def test_text_is_one_word() -> None:
    """What would end an argument or a command has a backslash before it."""
    assert word("it's full; see\nthe log") == "it's\\ full\\;\\ see\\\nthe\\ log"
