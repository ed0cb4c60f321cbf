"""The letters membership sends: an invitation and a refusal, in French then in English."""

import hashlib

from kit.mail import Mail
from services.membership.domain.organization import Organization
from services.membership.domain.representative import Representative

_INVITATION = """\
(English below)

Bonjour,

{name_fr} vous invite à agir en son nom dans le système de la Coalition.

Ouvrez cette adresse, ou tapez le code dans la page d'invitation :

{link}

Code : {code}

L'invitation est pour vous seul ou seule, sert une fois et prend fin le {until} (UTC). Si vous ne l'attendiez pas,
n'en tenez pas compte et ne la transmettez à personne.

--

Hello,

{name_en} invites you to act on its behalf in the Coalition's system.

Open this address, or type the code in the invitation page:

{link}

Code: {code}

The invitation is for you alone, works once and ends on {until} (UTC). If you did not expect it, ignore it and pass it
on to nobody.
"""

_DECLINE = """\
(English below)

Bonjour,

Le conseil de la Coalition n'a pas retenu la demande d'adhésion de {name_fr}. La permanence répondra à vos questions.

--

Hello,

The Coalition's board has not accepted the application of {name_en}. The staff will answer your questions.
"""


def invitation_letter(person: Representative, host: Organization, code: str, public_url: str, key: str) -> Mail:
    """Write the letter that carries an invitation's code; in the link it stands behind `#`, which no server sees."""
    text = _INVITATION.format(
        name_fr=host.profile.name.fr,
        name_en=host.profile.name.en,
        link=f"{public_url}/invitation#{code}",
        code=code,
        until=f"{person.invitation.until:%Y-%m-%d %H:%M}",
    )
    subject = "Invitation – Coalition / Coalition invitation"
    return Mail(to=person.address, subject=subject, text=text, message_id=_message_id(key, public_url))


def decline_letter(host: Organization, address: str, public_url: str, key: str) -> Mail:
    """Write the letter that says no, without a reason."""
    text = _DECLINE.format(name_fr=host.profile.name.fr, name_en=host.profile.name.en)
    subject = "Votre demande d'adhésion / Your application"
    return Mail(to=address, subject=subject, text=text, message_id=_message_id(key, public_url))


def _message_id(key: str, public_url: str) -> str:
    """Return the same Message-ID at each attempt, which says nothing."""
    domain = public_url.rsplit("//", maxsplit=1)[-1].split("/", maxsplit=1)[0].split(":", maxsplit=1)[0]
    return f"{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}"
