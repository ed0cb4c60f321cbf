"""The coalition's own words for what people need, who is served and how a place can be reached."""

from services.membership.domain.text import Text

NEEDS: dict[str, Text] = {
    "shelter-tonight": Text("Hébergement cette nuit", "Shelter tonight"),
    "shelter": Text("Hébergement", "Shelter and housing"),
    "food-clothing": Text("Nourriture et vêtements", "Food and clothing"),
    "health-care": Text("Soins de santé", "Health care"),
    "mental-health": Text("Santé mentale et soutien psychologique", "Mental health and psychological support"),
    "legal-advice": Text("Information et conseil juridiques", "Legal information and advice"),
    "legal-representation": Text("Représentation par avocat", "Representation by a lawyer"),
    "immigration-help": Text("Aide à l’immigration", "Immigration help"),
    "compensation": Text("Indemnisation des victimes", "Compensation for victims"),
    "police-complaint": Text("Plainte à la police", "Complaint to the police"),
    "labour-standards": Text("Normes du travail et salaires impayés", "Labour standards and unpaid wages"),
    "interpretation": Text("Interprétation", "Interpretation"),
    "transport": Text("Transport et accompagnement", "Transport and accompaniment"),
    "employment": Text("Emploi", "Employment"),
    "education": Text("Formation et francisation", "Education and French courses"),
    "child-protection": Text("Protection de la jeunesse", "Youth protection"),
    "income-support": Text("Aide financière", "Income support"),
    "peer-support": Text("Soutien par les pairs", "Peer support"),
    "safety-planning": Text("Plan de sécurité", "Safety planning"),
    "document-replacement": Text("Remplacement de papiers", "Replacement of documents"),
    "detox": Text("Désintoxication", "Detox"),
}

ANYONE = "anyone"

POPULATIONS: dict[str, Text] = {
    ANYONE: Text("Toute personne", "Anyone"),
    "women": Text("Femmes", "Women"),
    "men": Text("Hommes", "Men"),
    "gender-diverse": Text("Personnes trans et non binaires", "Trans and non-binary people"),
    "children": Text("Enfants", "Children"),
    "youth": Text("Adolescents et jeunes adultes", "Teenagers and young adults"),
    "families": Text("Familles et personnes avec enfants", "Families and people with children"),
    "migrants": Text("Personnes migrantes ou sans statut", "Migrants and people without status"),
    "temporary-workers": Text("Travailleurs étrangers temporaires", "Temporary foreign workers"),
    "indigenous": Text("Personnes autochtones", "Indigenous people"),
    "disabilities": Text("Personnes en situation de handicap", "People with disabilities"),
}

ACCESSIBILITY: dict[str, Text] = {
    "step-free": Text("Sans marche, accessible en fauteuil roulant", "Step-free, wheelchair accessible"),
    "sign-language": Text("Langue des signes", "Sign language"),
    "low-vision": Text("Basse vision", "Low vision"),
    "plain-language": Text("Langage simple", "Plain language"),
    "service-animal": Text("Animal d’assistance bienvenu", "Service animals welcome"),
    "by-phone": Text("Par téléphone", "By phone"),
    "by-video": Text("Par vidéo", "By video"),
    "comes-to-you": Text("Se déplace", "Comes to you"),
}
