"""Operators' templates: what they can do, what they cannot, and that none of them takes long."""

import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ktizo.core.templates import TemplateRefused, ValueMissing, check_operator, render_operator

VALUES = {
    "hostname": "edge-1",
    "tags": ("rack-1", "gpu"),
    "serial": "",
    "role": None,
    "parameters": {"disk": "/dev/sda", "dns": "10.0.0.1, 10.0.0.2"},
    "long": "x" * 4096,
}


def render(text: str) -> str:
    return render_operator(text, VALUES, name="config")


def refusal(text: str) -> str:
    with pytest.raises(TemplateRefused) as caught:
        render(text)
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("host {{ hostname }}\n", "host edge-1\n"),
        ("{{ parameters.disk }}{{ parameters['disk'] }}", "/dev/sda/dev/sda"),
        ("{% for tag in tags %}{{ loop.index }}:{{ tag }} {% endfor %}", "1:rack-1 2:gpu "),
        ("{% for tag in tags if tag != 'gpu' %}{{ tag }}{% endfor %}", "rack-1"),
        ("{% for key, value in parameters | items %}{{ key }} {% endfor %}", "disk dns "),
        ("{% for n in range(3) %}{{ n }}{% else %}none{% endfor %}", "012"),
        ("{% if serial %}{{ serial }}{% else %}unknown{% endif %}", "unknown"),
        ("{{ parameters.ntp | default('pool.ntp.org') }}", "pool.ntp.org"),
        ("{{ role | default('worker', true) }}", "worker"),
        ("{{ parameters.dns | split | join(' ') }}", "10.0.0.1 10.0.0.2"),
        ("{{ tags | sort | first }} {{ tags | last }} {{ tags | length }}", "gpu gpu 2"),
        ("{{ 'A' ~ 1 ~ true }} {{ 1 + 2 * 3 }} {{ 'a' + 'b' }}", "A1true 7 ab"),
        ("{{ hostname | upper }} {{ hostname | replace('-', '_') }}", "EDGE-1 edge_1"),
        ('{{ "it\'s" | quote }} {{ "a\\"b" | tojson }}', "'it'\"'\"'s' \"a\\\"b\""),
        ("{{ tags | tojson }} {{ 'ä' | b64encode }}", '["rack-1", "gpu"] w6Q='),
        ("{{ 'a\nb' | indent(2) }}", "a\n  b"),
        ("{% set n = '7' | int + 1 %}{{ n }}{{ ' x ' | trim }}{{ n | string }}", "8x8"),
        ("{{ hostname[0:4] }} {{ tags[0] }} {{ hostname in tags }}", "edge rack-1 false"),
        ("{{ serial is defined }} {{ nosuch is defined }}", "true false"),
        ("{# gone #}{% raw %}{{ as it is }}{% endraw %}", "{{ as it is }}"),
        ("a\n  {% if true %}\n  b\n  {% endif %}\nc\n", "a\n  b\nc\n"),
    ],
)
def test_an_operator_can_write(text: str, expected: str):
    assert render(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n\n{{ hostname", "config, line 3: unexpected end of template, expected 'end of print"),
        ("a\n{% if %}", "config, line 2: Expected an expression, got 'end of statement block'"),
        ("a\n{{ nosuch }}", "config, line 2: 'nosuch' is undefined"),
        ("\n{{ parameters.ip }}", "config, line 2: parameter 'ip' is not given to this machine"),
        ("{{ role }}", "config, line 1: there is no value here; say what then: | default("),
        ("{{ tags }}", "config, line 1: a list cannot be printed; use | join(' ') or | tojson"),
        ("{{ hostname.upper() }}", "config, line 1: functions and methods cannot be called"),
        ("{{ hostname | center(9) }}", "config, line 1: no filter 'center'; there are: b64"),
        ("{{ 1 is divisibleby(3) }}", "config, line 1: no test 'divisibleby'; there are: defined"),
        ("{{ 'x' * 3 }}", "config, line 1: * takes numbers; put texts together with ~"),
        ("{{ 'x' | int }}", "config, line 1: not a whole number: 'x'"),
        ("{{ 1 / 0 }}", "config, line 1: division by zero"),
        ("{{ tags | lower }}", "config, line 1: a list cannot be printed"),
        ("{{ hostname | replace(1, 2) }}", "config, line 1: replace does not take this kind"),
        ("{{ tags[7] }}", "config, line 1: there is no 7 in this value"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, message: str):
    assert refusal(text).startswith(message)


def test_a_parameter_that_is_not_given_is_told_apart_from_a_wrong_template():
    with pytest.raises(ValueMissing):
        render("{{ parameters.ip }}")


def test_a_template_is_checked_before_it_is_stored():
    check_operator("{{ parameters.ip }}{{ hostname }}", VALUES, name="config")
    with pytest.raises(TemplateRefused, match="config, line 2: no variable 'hostnam'; there are:"):
        check_operator("x\n{{ hostnam }}", VALUES, name="config")
    with pytest.raises(TemplateRefused, match="cmdline, line 1: include is not for these"):
        check_operator("{% include 'x' %}", name="cmdline")


ESCAPES = [
    "{{ ''.__class__.__mro__ }}",
    "{{ ''['__class__'] }}",
    "{{ ''['__cla' ~ 'ss__'] }}",
    "{{ tags['__class__'] }}",
    "{{ parameters['__class__'] }}",
    "{{ parameters.keys }}",
    "{{ parameters.items() }}",
    "{{ '' | attr('__class__') }}",
    "{{ ['x'] | map(attribute='__class__') | list }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self }}",
    "{{ self._TemplateReference__context }}",
    "{{ range.__self__ }}",
    "{{ range }}",
    "{{ cycler.__init__ }}",
    "{{ lipsum.__globals__ }}",
    "{{ namespace() }}",
    "{{ joiner() }}",
    "{{ dict() }}",
    "{{ _allowance }}",
    "{{ _allowance.steps }}",
    "{{ loop }}",
    "{% for x in tags %}{{ loop.__init__ }}{% endfor %}",
    "{% for x in tags %}{{ loop.cycle('a') }}{% endfor %}",
    "{% for x in tags %}{{ loop._iterator }}{% endfor %}",
    "{{ '{0.__class__}' | format(1) }}",
    "{{ '%s' % hostname }}",
    "{{ ('%s' ~ '') % hostname }}",
    "{% set tags.x = 1 %}",
    "{% set _allowance = 1 %}",
    "{% for _allowance in tags %}{% endfor %}",
    "{% macro m() %}{% endmacro %}",
    "{% import 'x' as y %}",
    "{% from 'x' import y %}",
    "{% include 'x' %}",
    "{% extends 'x' %}",
    "{% block x %}{% endblock %}",
    "{% call x() %}{% endcall %}",
    "{% filter upper %}{% endfilter %}",
    "{% set x %}{% endset %}",
    "{% with x = 1 %}{% endwith %}",
    "{% autoescape true %}{% endautoescape %}",
    "{% for x in tags recursive %}{{ loop(x) }}{% endfor %}",
    "{% trans %}{% endtrans %}",
    "{% do x %}",
    "{% debug %}",
    "{{ {'a': 1} }}",
    "{{ hostname | _print }}",
    "{{ tags | _each(-1000) }}",
    "{{ range(*tags) }}",
    "{{ hostname | replace(*tags) }}",
    "{{ '\ud800' }}",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_a_template_reaches_nothing_but_its_values(text: str):
    refusal(text)


BOMBS = {
    "repeat": "{{ 'a' * 10**9 }}",
    "repeat a list": "{{ [1] * 10**9 }}",
    "tower": "{{ 10**10**10 }}",
    "shift by power": "{{ 2**64**2 }}",
    "format width": "{{ '%099999999d' % 5 }}",
    "double by concat": "{% set a = 'xxxxxxxxxxxxxxxx' %}" + "{% set a = a ~ a %}" * 60,
    "double by plus": "{% set a = 'xxxxxxxxxxxxxxxx' %}" + "{% set a = a + a %}" * 60,
    "double by join": "{% set a = 'xxxxxxxxxxxxxxxx' %}" + "{% set a = [a, a] | join %}" * 60,
    "many large values": "{% set a = long | replace('x', 'xxxxxxxxxxxxxxxx') %}"
    + "".join(f"{{% set b{n} = a ~ {n} %}}" for n in range(400)),
    "nested lists": "{% set a = [1] %}" + "{% set a = [a, a] %}" * 60 + "{{ a }}",
    "nested tuples": "{% set a = (1, 2) %}" + "{% set a = (a, a) %}" * 60 + "{{ a == a }}",
    "nested loops": "{% for a in range(1000) %}" * 3 + "{% endfor %}" * 3,
    "long loop body": "{% for a in range(1000) %}" + "{{ 1 + 1 }}" * 1000 + "{% endfor %}",
    "much output": "{% for a in range(1000) %}" + "x" * 100_000 + "{% endfor %}",
    "wide range": "{% for a in range(10**12) %}{% endfor %}",
    "loop over text": "{% for a in long %}{% for b in long %}{% endfor %}{% endfor %}",
    "indent": "{{ long | indent(10**8) }}",
    "indent lines": "{{ long | replace('x', 'y\n') | indent(64) | indent(64) }}",
    "replace all": "{{ long | replace('x', long) }}",
    "replace nothing": "{{ long | replace('', long) }}",
    "join": "{{ [" + "long," * 900 + "] | join(long) }}",
    "json": "{{ [" + "long," * 900 + "] | tojson }}",
    "split": "{{ long | split('x') | join }}",
    "compare in a loop": "{% set b = long | replace('x', 'xxxxxxxxxxxxxxxx') %}"
    "{% for i in range(1000) %}{% if b in b[1:] %}{% endif %}{% endfor %}",
    "sort in a loop": "{% for i in range(1000) %}{% if [long ~ 1, long ~ 2] | sort %}{% endif %}"
    "{% endfor %}",
    "deep brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "deep lists": "{{ " + "[" * 500 + "]" * 500 + " }}",
    "many nots": "{{ " + "not " * 5000 + "1 }}",
    "many signs": "{{ " + "-" * 50_000 + "1 }}",
    "many sums": "{{ 1" + "+1" * 60_000 + " }}",
    "many parts": "{{ 1" + "~1" * 60_000 + " }}",
    "many items": "{{ [" + "1," * 60_000 + "] }}",
    "many filters": "{{ hostname" + "|upper" * 20_000 + " }}",
    "many dots": "{{ hostname" + ".a" * 60_000 + " }}",
    "many ifs": "{% if 1 %}" * 500 + "{% endif %}" * 500,
    "many fors": "{% for a in tags %}" * 30 + "{% endfor %}" * 30,
    "long number": "{{ " + "9" * 120_000 + " }}",
    "long hex number": "{{ 0x" + "f" * 120_000 + " }}",
    "infinite": "{{ 1e999 }}",
    "overflow": "{{ 1e300 * 1e300 }}",
    "complex": "{{ (-8) ** 0.5 }}",
    "too long": "x" * (128 * 1024 + 1),
}


@pytest.mark.parametrize("name", BOMBS)
def test_no_template_takes_long_or_much_memory(name: str):
    begun = time.process_time()
    with pytest.raises(TemplateRefused):
        render(BOMBS[name])
    assert time.process_time() - begun < 1

    tracemalloc.start()
    with pytest.raises(TemplateRefused):
        render(BOMBS[name])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 1024 * 1024


def test_a_long_plain_file_is_no_bomb():
    text = "line of a config\n" * 7000 + "{{ hostname }}\n"
    assert render(text).endswith("edge-1\n")


WORDS = [
    "hostname",
    "tags",
    "long",
    "parameters",
    "loop",
    "range(9)",
    "1",
    "9" * 30,
    "'x'",
    "[long, long]",
    "(1, 2)",
    "none",
    *(" " + op + " " for op in ("+", "-", "*", "**", "//", "%", "~", "==", "<", "in", "and", "or")),
    *("|join(long)", "|upper", "|tojson", "|indent(64)", "|replace('x', long)", "|sort", "|items"),
    *("|default(long)", "|first", "|length", "|split('x')", "|b64encode", "|quote", "|unique"),
    *(" if 1 else ", "[0]", "[::-1]", ".x", ".__class__", "(", ")", ",", " is defined", "not "),
]
PIECES = [
    *("{% for a in range(1000) %}", "{% for a in tags %}", "{% endfor %}", "{% if long %}"),
    *("{% else %}", "{% endif %}", "{% set a = ", "{% set long = ", " %}", "{{ ", " }}", "\n"),
]


def outcome(text: str) -> str:
    """Return the text or the refusal; anything else is a crash."""
    try:
        return render(text)
    except TemplateRefused as refused:
        return refused.message


@settings(max_examples=250, deadline=2000)
@given(st.lists(st.sampled_from(WORDS + PIECES), max_size=40).map("".join))
def test_any_template_ends_soon_with_a_text_or_a_refusal(text: str):
    assert len(outcome(text)) <= 512 * 1024


@settings(max_examples=100, deadline=2000)
@given(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map("".join),
    st.sampled_from(["{{{{ {} }}}}", "{{% set long = {} %}}{{{{ long }}}}"]),
    st.integers(1, 30),
)
def test_an_expression_repeated_ends_soon(expression: str, frame: str, times: int):
    assert isinstance(outcome(frame.format(expression) * times), str)


@given(st.text(max_size=300))
def test_any_text_ends_with_a_text_or_a_refusal(text: str):
    assert isinstance(outcome(text), str)
