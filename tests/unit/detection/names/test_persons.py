"""Which names are found, by what tells them; and which look-alikes are left alone."""

import pytest

from penstock.core.finding import Found, Matter
from penstock.detection.names.persons import Persons


def names(text: str, matter: Matter = Matter.USER) -> list[str]:
    """What is found of a text, in its words."""
    return [text[one.start : one.end] for one in Persons().find(text, matter)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Please forward this to Ahmet Yılmaz and Olena Kovalenko.", ["Ahmet Yılmaz", "Olena Kovalenko"]),
        ("Wang Wei and Kim Min-jun studied with Nguyen Thi Hoa.", ["Wang Wei", "Kim Min-jun", "Nguyen Thi Hoa"]),
        ("Then Yuki Tanaka called Priya Raghunathan.", ["Yuki Tanaka", "Priya Raghunathan"]),
        ("Yesterday Mohammed bin Salman met Ludwig van Beethoven.", ["Mohammed bin Salman", "Ludwig van Beethoven"]),
        ("We saw Sölvi Salómonsson and Jelena Jovanović.", ["Sölvi Salómonsson", "Jelena Jovanović"]),
        ("Gestern traf Jürgen Weiß den Vater von Anneliese Krause.", ["Jürgen Weiß", "Anneliese Krause"]),
        ("Hier, Hélène Dupont a vu María José García.", ["Hélène Dupont", "María José García"]),
        ("Giuseppe Bianchi ha scritto a Joost van Dijk.", ["Giuseppe Bianchi", "Joost van Dijk"]),
        ("Regarding Ruth R Montez and J. R. R. Tolkien: see below.", ["Ruth R Montez", "J. R. R. Tolkien"]),
        ("Signed, Jane Q. Public", ["Jane Q. Public"]),
        ("Yesterday Emmanuel Macron spoke with Alan McCoy.", ["Emmanuel Macron", "Alan McCoy"]),
        ("When John Smith's car broke, Jonah Hill laughed.", ["John Smith", "Jonah Hill"]),
        ("Anne-Marie Smith-Jones resigned.", ["Anne-Marie Smith-Jones"]),
        ("JOHN SMITH", ["JOHN SMITH"]),
        ("The winner is Coach Phil Jackson, not Mark O'Meara.", ["Phil Jackson", "Mark O'Meara"]),
    ],
)
def test_whole_names(text: str, found: list[str]) -> None:
    """A name that lists know in part, of many peoples, with particles, initials, marks and capitals."""
    assert names(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("My name is Rubija.", ["Rubija"]),
        ("my name is lena andersson and I live here", ["lena andersson"]),
        ("Her maiden name is Chmielewski", ["Chmielewski"]),
        ("Ich heiße Xylanthia.", ["Xylanthia"]),
        ("Je m'appelle Zéphyrine.", ["Zéphyrine"]),
        ("Me llamo Xochitlalli.", ["Xochitlalli"]),
        ("Nazywam się Grażyna Brzęczyszczykiewicz.", ["Grażyna Brzęczyszczykiewicz"]),
        ("I spoke to Mrs. Quonset about it.", ["Quonset"]),
        ("Sehr geehrte Frau Dr. Müller-Lüdenscheidt, danke.", ["Müller-Lüdenscheidt"]),
        ("Dear Zorblatt,\nthanks.", ["Zorblatt"]),
        ("See you.\n\nBest regards,\nVelimira\n", ["Velimira"]),
        ("Mit freundlichen Grüßen\nHeike Quandt", ["Heike Quandt"]),
        ("Patient: Ravi Chandrasekaran", ["Ravi Chandrasekaran"]),
        ("Customer: O'Brien, Patrick", ["O'Brien, Patrick"]),
        ("From: Yuki Tanaka <yuki@corp.jp>", ["Yuki Tanaka"]),
        ('"Zebulon Quark" <z@corp.in> wrote:', ["Zebulon Quark"]),
        ("CEO Satya Nadella said so.", ["Satya Nadella"]),
        ("I asked Sarah to call Tom.", ["Sarah", "Tom"]),
        ("Maria: hello\nTom: hi", ["Maria", "Tom"]),
    ],
)
def test_announced_names(text: str, found: list[str]) -> None:
    """What no list knows is a name behind a word that announces one."""
    assert names(text) == found


def test_a_part_of_a_name_is_found_again() -> None:
    """A family name alone, before or after the whole name; and not where there is none."""
    assert names("Smith's car was parked. Later John Smith came.") == ["Smith", "John Smith"]
    assert names("Smith's car was parked. Later it was gone.") == []


@pytest.mark.parametrize(
    "text",
    [
        "Use Claude Code with Visual Studio Code and Docker Compose.",
        "Apache Kafka, Spring Boot, Ruby on Rails, Jenkins and Jupyter Notebook are tools.",
        "I flew from San Francisco to New York, then to Santa Maria and South Georgia.",
        "In May and June, Paris, Florence and Victoria are warm.",
        "Getting Started With Penstock",
        "# Will Mark Down The Rose Garden",
        "The Stanford University Press and the Rose Bowl Stadium",
        "MoE models beat OpenRouter. Hello, OpenRouter!",
        "Dear Customer,",
        "Dear Sir or Madam,",
        "I'm German. I'm Happy. I am Sorry.",
        "La Ville de Paris et la Société Générale",
        "Das Amtsgericht München und die Deutsche Bank sind informiert.",
        "El Ministerio de Hacienda y Real Madrid firmaron.",
        "Roe v. Wade was overturned.",
        "Name: Build and Test",
        "Monday, Tuesday and Wednesday. English, German or French?",
        "The quick brown fox. When Will It End? Grace And Mercy.",
        "PERMISSION IS HEREBY GRANTED, FREE OF CHARGE, TO ANY PERSON",
    ],
)
def test_look_alikes(text: str) -> None:
    """Programs, firms, places, months, headings, greetings to nobody, licences."""
    assert names(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "```\nauthor John Smith\n```",
        "the user `John Smith` is made up",
        'user = User("John Smith")',
        "const a = John Smith;",
        '{"owner": "John Smith"}',
        "2026-01-01T10:00:00 John Smith logged in",
        "see docs/John Smith/readme_first",
        "[John Smith](https://smith.example)",
    ],
)
def test_code_is_no_prose(text: str) -> None:
    """The same name in a sentence is found."""
    assert names(text) == []
    assert names("Then John Smith came.") == ["John Smith"]


def test_names_are_looked_for_in_prose_alone() -> None:
    """Not in what a model gives to tools, nor in identifiers."""
    text = "My name is John Smith."
    assert {matter for matter in Matter if names(text, matter)} == {matter for matter in Matter if matter.prose}


def test_the_reason_is_told() -> None:
    """By lists, by a cue, or again."""
    found = Persons().find("Dear Zorblatt, John Smith is here. Yours, Smith", Matter.USER)
    assert [one.rule for one in found] == ["person.cued", "person.listed", "person.again"]


def test_the_same_text_gives_the_same_names() -> None:
    """Nothing is remembered of other texts, and other finders say the same."""
    text = "My name is Rubija. Ask John Smith, Dr. Quonset or Sarah."
    finder = Persons()
    first = finder.find(text, Matter.USER)
    finder.find("My name is Sarah Nobody. Dear Quonset,", Matter.USER)
    assert finder.find(text, Matter.USER) == first == Persons().find(text, Matter.USER)
    assert first == sorted(first)
    assert all(isinstance(one, Found) and one.start < one.end for one in first)
