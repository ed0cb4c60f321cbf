"""What each refusal about a person's exclusions says to people, in both languages, and what to do next."""

from collections.abc import Mapping

from kit.problems import Problem

EXCLUSION: Mapping[str, Problem] = {
    "exclusion.own-organization": Problem(
        422,
        fr="On n'exclut pas l'organisation à qui est le dossier",
        en="The organisation whose record it is cannot be excluded",
        next_fr="Excluez plutôt les comptes des personnes en cause.",
        next_en="Exclude the accounts of the people in question instead.",
    ),
    "exclusion.oneself": Problem(
        422,
        fr="On ne s'exclut pas soi-même",
        en="You cannot exclude yourself",
        next_fr="Confiez la personne à une collègue, qui vous exclura.",
        next_en="Hand the person over to a colleague, who will exclude you.",
    ),
    "exclusion.too-many": Problem(
        422,
        fr="La liste est pleine",
        en="The list is full",
        next_fr="Retirez ce qui n'a plus lieu d'y être.",
        next_en="Take off what need not be on it any more.",
    ),
}
