"""What to ask a person before anything is shared: one recipient and one purpose, in words to be read aloud."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.referral.domain.consent import ConsentPurposeUnsuited, Feedback, Recipient
from services.referral.domain.disclosure import Form, decide_all
from services.referral.domain.disclosure_tables import suits
from services.referral.domain.preview import as_recipient
from services.referral.domain.taxonomy import PERSONAL, AgeBand, DataClass, Purpose, Sector


@dataclass(frozen=True, slots=True)
class Words:
    """The same sentence twice, French first, without gender and in words of every day."""

    fr: str
    en: str


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that could be shared, in the form in which this recipient would be given it."""

    data_class: DataClass
    form: Form
    ask: Words


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything to say and to ask, in that order."""

    say_first: tuple[Words, ...]
    questions: tuple[Question, ...]
    ask_feedback: Words
    feedback: Mapping[Feedback, Words]
    say_last: tuple[Words, ...]


_CLASSES: Mapping[DataClass, Words] = {
    DataClass.SAFE_CONTACT: Words("la façon sûre de vous joindre", "the safe way to reach you"),
    DataClass.IDENTITY: Words(
        "votre nom, votre âge, votre genre et vos langues", "your name, your age, your gender and your languages"
    ),
    DataClass.CURRENT_LOCATION: Words("l'endroit où vous êtes en ce moment", "the place where you are now"),
    DataClass.SAFETY: Words("ce qui menace votre sécurité", "what threatens your safety"),
    DataClass.HOUSEHOLD: Words(
        "les enfants et les adultes qui vivent avec vous", "the children and adults who live with you"
    ),
    DataClass.PRACTICAL_NEEDS: Words("ce dont vous avez besoin chaque jour", "what you need from day to day"),
    DataClass.INDIGENOUS_IDENTITY: Words(
        "votre identité autochtone, comme vous la dites", "your Indigenous identity, as you tell it"
    ),
    DataClass.EXPLOITATION: Words("ce qu'on vous a fait", "what was done to you"),
    DataClass.HEALTH: Words("votre santé", "your health"),
    DataClass.IMMIGRATION: Words("votre statut d'immigration", "your immigration status"),
    DataClass.LEGAL: Words(
        "vos démarches en justice et vos dossiers de police", "your court matters and your police files"
    ),
}

# Where a sector is given a part alone, or once, the question says that part.
_PARTS: Mapping[Form, Words] = {
    Form.TYPE: Words(
        "de quel genre d'exploitation il s'agit, et rien d'autre de ce qu'on vous a fait",
        "what kind of exploitation it is, and nothing else of what was done to you",
    ),
    Form.COVERAGE: Words(
        "si vous avez une assurance maladie, oui ou non, et rien de votre statut",
        "whether you have health insurance, yes or no, and nothing of your status",
    ),
    Form.ATTESTATION: Words(
        "si une attestation de santé a été signée, oui ou non, et rien de votre santé",
        "whether a health attestation was signed, yes or no, and nothing of your health",
    ),
    Form.ONCE: Words(
        "l'endroit où vous êtes, qui ne pourra être lu qu'une seule fois",
        "the place where you are, which can be read one single time",
    ),
    Form.OWN: Words(
        "ce qu'elle a elle-même écrit dans vos dossiers, et rien de ce que d'autres y ont écrit",
        "what it wrote itself in your files, and nothing of what others wrote there",
    ),
}

_PURPOSES: Mapping[Purpose, Words] = {
    Purpose.SUPPORT: Words("vous aider", "to help you"),
    Purpose.COMPLAINT: Words("porter plainte", "to make a complaint"),
    Purpose.COMPENSATION: Words("demander une indemnisation", "to ask for compensation"),
    Purpose.LEGAL_REPRESENTATION: Words("défendre vos droits en justice", "to defend your rights in law"),
    Purpose.RESIDENCE_PERMIT: Words("demander un permis de séjour", "to ask for a residence permit"),
    Purpose.LABOUR_STANDARDS: Words("défendre vos droits au travail", "to defend your rights at work"),
    Purpose.PROTECTION: Words("protéger une personne de moins de 18 ans", "to protect someone under 18"),
}

NEVER_A_CONDITION = Words(
    "Vous pouvez dire oui, non ou plus tard. Quelle que soit votre réponse, nous continuons de vous aider.",
    "You can say yes, no or later. Whatever you answer, we go on helping you.",
)
APART = Words(
    "La question ne vaut que pour cette organisation et pour cette raison. Pour toute autre, nous vous demanderons.",
    "The question is about this organisation and this reason alone. For any other, we will ask you.",
)
IMMIGRATION_APART = Words(
    "L'aide pour votre statut d'immigration ne dépend jamais de votre réponse.",
    "Help with your immigration status never depends on your answer.",
)
POLICE_WARNING = Words(
    "La personne accusée pourrait obtenir ce que la police reçoit.",
    "The person who is accused may obtain what the police receive.",
)
OWN_DECISION = Words(
    "À partir de 14 ans, c'est vous qui décidez, et personne d'autre.",
    "From the age of 14, you decide, and nobody else.",
)
UNTIL = Words(
    "Vous choisissez jusqu'à quand, un an au plus. Vous pouvez changer d'avis n'importe quel jour, sans dire pourquoi: "
    "plus rien n'est montré, et si cette organisation vous aide déjà, l'aide continue.",
    "You choose until when, a year at most. You can change your mind on any day, without saying why: nothing is shown "
    "any more, and if this organisation is helping you already, the help goes on.",
)
NEVER_CHASED = Words(
    "Si vous préférez répondre plus tard, personne ne vous relancera.",
    "If you would rather answer later, nobody will press you.",
)
_ASK_FEEDBACK = Words(
    "Après sa réponse, que pouvons-nous savoir de la suite?",
    "Once it has answered, what may we know of what follows?",
)
_FEEDBACK: Mapping[Feedback, Words] = {
    Feedback.NONE: Words("Rien.", "Nothing."),
    Feedback.RECEIVED: Words("Qu'elle a accepté, et rien de plus.", "That it accepted, and nothing more."),
    Feedback.ENDED: Words("Aussi que c'est terminé, sans dire comment.", "Also that it is over, without saying how."),
    Feedback.OUTCOME: Words("Aussi comment cela s'est terminé.", "Also how it ended."),
}


def sheet(recipient: Recipient, purpose: Purpose) -> Sheet:
    """Return what to ask for one recipient and purpose; raises `ConsentPurposeUnsuited`.

    What nothing opens to this recipient is not asked for, and not named.
    """
    if not suits(purpose, recipient.sector, recipient.needs):
        raise ConsentPurposeUnsuited
    police = recipient.sector is Sector.LAW_ENFORCEMENT
    return Sheet(
        say_first=(
            NEVER_A_CONDITION,
            _purpose(purpose),
            APART,
            *((POLICE_WARNING,) if police else ()),
            IMMIGRATION_APART,
            OWN_DECISION,
        ),
        questions=_questions(recipient, purpose),
        ask_feedback=_ASK_FEEDBACK,
        feedback=_FEEDBACK,
        say_last=(UNTIL, NEVER_CHASED),
    )


def _purpose(purpose: Purpose) -> Words:
    words = _PURPOSES[purpose]
    return Words(f"Ce serait pour une seule raison: {words.fr}.", f"It would be for one reason alone: {words.en}.")


def _questions(recipient: Recipient, purpose: Purpose) -> tuple[Question, ...]:
    """Ask for each class of which anything would be shown, in the form that the tables give."""
    # Of an adult nothing is told to youth protection, and its sheet is for whoever may be a minor.
    reading = as_recipient(recipient, purpose, PERSONAL, AgeBand.UNKNOWN)
    return tuple(
        Question(data_class, decision.form, _ask(_PARTS.get(decision.form, _CLASSES[data_class])))
        for data_class, decision in decide_all(reading).items()
        if decision.form is not Form.NOTHING
    )


def _ask(what: Words) -> Words:
    return Words(
        f"Acceptez-vous que cette organisation sache {what.fr}?",
        f"Do you agree that this organisation may know {what.en}?",
    )
