"""ImageVerificationConfig: which images must carry whose signature.

Source: Talos main (read 2026-11-21); the official schemas of 1.13 and 1.14 leave this kind out.
The first versions had `verify`, later ones `skip` and `deny`; both spellings are taken.
"""

from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.rules import required
from ktizo.talos.documents.scalars import BOOL, TEXT
from ktizo.talos.documents.shape import ListOf, plain, struct


def _check(body: Body, place: Place) -> None:
    for index, rule in enumerate(body.get("rules") or ()):
        _check_rule(rule, place.at("rules", index))


def _check_rule(rule: Body, place: Place) -> None:
    required(rule, place, "image")
    skip = bool(rule.get("skip")) or rule.get("verify") is False
    deny = bool(rule.get("deny"))
    keyless, public_key = rule.get("keyless"), rule.get("publicKey")
    verifiers = [verifier for verifier in (keyless, public_key) if verifier is not None]
    if skip and deny:
        place.refuse("skip and deny cannot both be true")
    if not (skip or deny or verifiers):
        place.refuse("at least one verifier must be configured")
    if (rule.get("skip") or deny) and verifiers:
        place.refuse("verifiers cannot be configured if skip or deny is true")
    if len(verifiers) > 1:
        place.refuse("only one of keyless or publicKey verifier can be configured")
    _check_verifiers(keyless, public_key, place)


def _check_verifiers(keyless: Any, public_key: Any, place: Place) -> None:
    if keyless is not None:
        required(keyless, place.at("keyless"), "issuer")
        if not (keyless.get("subject") or keyless.get("subjectRegex")):
            place.at("keyless").refuse("subject or subjectRegex must be specified")
    if public_key is not None:
        required(public_key, place.at("publicKey"), "certificate")


KIND = Kind(
    "ImageVerificationConfig",
    "1.13",
    plain(
        rules=ListOf(
            plain(
                image=TEXT,
                skip=BOOL,
                deny=BOOL,
                verify=BOOL,
                keyless=struct(issuer=TEXT, subject=TEXT, subjectRegex=TEXT, rekorURL=TEXT),
                publicKey=struct(certificate=TEXT),
            )
        )
    ),
    _check,
)
build = KIND.build
