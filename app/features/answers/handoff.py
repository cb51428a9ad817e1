"""Whether a customer asks for a human, by telling words in many languages."""

import re
import unicodedata
from typing import Final

_PEOPLE: Final = (
    # English, German, French, Spanish, Italian, Dutch, Portuguese, Polish, Swedish, Danish
    r"(human( being)?|real person|live (person|agent|chat|support)|person|agent|representative|"
    r"someone( real)?|somebody|anyone|anybody|advisor|operator|colleague|(support )?team|staff|"
    r"manager|supervisor|"
    r"mensch(en)?|mitarbeiter(in)?|berater(in)?|jemande[mn]|sachbearbeiter(in)?|kundendienst|kundenservice|"
    r"vorgesetzte[nr]?|"
    r"humain|conseillere?|quelqu'?un|vraie personne|agente?|personne|"
    r"humano|persona( real)?|alguien|operadora?|asesora?|"
    r"umano|operatore|operatrice|qualcuno|persona vera|consulente|"
    r"mens|medewerker|iemand|echt persoon|"
    r"humana?|pessoa|atendente|alguem|"
    r"czlowiekiem|konsultantem|pracownikiem|kims|"
    r"manniska|person|nagon|medarbetare|menneske|medarbejder)"
)
_ASKING: Final = (
    r"(speak|talk|chat|connect|transfer|put|pass|get|give|reach|call|hand|escalate|need|want|"
    r"deal|prefer|is there|"
    r"sprechen|reden|verbinden|weiterleiten|durchstellen|brauche|mochte|"
    r"parler|discuter|joindre|passer|contacter|veux|voudrais|"
    r"hablar|comunicar|pasar|contactar|quiero|necesito|"
    r"parlare|passare|passatemi|contattare|voglio|vorrei|"
    r"spreken|praten|doorverbinden|wil|"
    r"falar|conversar|quero|preciso|"
    r"porozmawiac|rozmawiac|polaczyc|chce|"
    r"prata|tala|vill|tale|snakke)"
)
_BETWEEN: Final = r"(\W+\w+){0,5}?\W+"
_ORDER: Final = (
    r"^\W*((please|bitte|por favor|s'il vous plait|per favore|alsjeblieft)\W+)?"
    r"(a )?(human|agent|representative|real person|live agent|mitarbeiter|mensch|conseiller|"
    r"humano|agente|operatore|medewerker)\W*((please|now|bitte|por favor)\W*)*$"
)
_WANTS: Final = re.compile(rf"\b{_ASKING}\b{_BETWEEN}{_PEOPLE}\b")
_GERMAN: Final = re.compile(rf"\b(mit|an|von){_BETWEEN}{_PEOPLE}\b.*\b{_ASKING}\b")
_ALONE: Final = re.compile(_ORDER)
_NO_MACHINE: Final = re.compile(
    r"\b(no|not? an?|stop the|without|kein(en)?|pas (un|de)|no (con )?un|non (con )?un|geen)\W+"
    r"(chat\W?)?(bots?|robots?|robot(er|ter)?|machines?|maschine|maquina|macchina|computer|ai|ki)\b"
    r"|\b(call|phone|ring) me\b|\bruf(en sie|t)? mich\b|\brappelez\W?moi\b|\bllamenme\b"
)


def wants_human(question: str) -> bool:
    """Whether the customer asks to be put through to a person.

    The service's own words are enough: nobody waits for a model to be told that a human is wanted.
    """
    folded = "".join(
        char
        for char in unicodedata.normalize("NFKD", question.casefold())
        if not unicodedata.combining(char)
    )
    folded = folded.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").replace("ł", "l")
    return any(rule.search(folded) for rule in (_WANTS, _GERMAN, _ALONE, _NO_MACHINE))
