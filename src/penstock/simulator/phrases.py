"""The sentences that ``prose`` builds answers from. Data only.

``{topic}`` and ``{Topic}`` stand for the prompt's own words.
"""

GREETINGS = (
    "Hello! This is the simulator in the box: no key, no network, no opinions. Ask me something and I will answer "
    "with great confidence and no knowledge.",
    "Hello there. You have reached the simulator. All our models are busy being elsewhere, so I am standing in.",
    "Good day! I am made of templates and good intentions. What shall we pretend to know?",
)

OPENINGS = (
    "{Topic}: everybody uses it, and nobody draws it on the whiteboard twice the same way.",
    "The short version of {topic} fits on a postcard; the long version is why postcards are small.",
    "Let us take {topic} apart gently, and keep the screws.",
    "{Topic} looks like one question and is really three in a coat.",
    "There are two kinds of answer to {topic}: the one for Monday and the one that is true.",
    "{Topic} is easiest to understand from the side on which it breaks.",
    "Ask three engineers about {topic} and you get four diagrams, two of them the same.",
)

BODY = (
    "At heart, {topic} is about doing the expensive part once and the cheap part often.",
    "First comes what everybody agrees on, then what everybody argues about, and the second list is the useful one.",
    "If you remember one thing about {topic}, remember where it begins and who cleans up after it.",
    "Start small, measure, and let {topic} earn its place before you found a committee.",
    "Most trouble with {topic} arrives on a Friday and was put there on a Tuesday.",
    "A good test for your understanding of {topic}: explain it to someone who is holding a sandwich.",
    "The obvious approach works until it is popular, and then the boring approach works.",
    "In practice the names matter more than the theory, because people search for names.",
    "Limits are not a sign of weakness here; they are how {topic} stays a servant.",
    "There is usually a default, it is usually fine, and it is usually not written down.",
    "Where {topic} meets real users, they will use it for something else, and they will be right.",
    "Draw the boundary first: what is inside it you may change, what is outside it you must promise.",
    "When two explanations of {topic} compete, prefer the one that tells you what to look at next.",
    "It helps to write down the one case that must never happen, and to build backwards from there.",
    "The costs of {topic} hide in the waiting, seldom in the working.",
    "Nothing about {topic} is magic, though some of it is quite well dressed.",
    "A small example beats a large diagram, and a running example beats both.",
    "Keep the old behaviour beside the new one for a while; they will tell you about each other.",
    "The best documentation of {topic} is the error message that somebody wrote with care.",
    "Half of the answer is the order of the steps, and the other half is being able to undo them.",
)

# Short ones, longest first, each with its number of output tokens: they fill what other sentences leave.
ASIDES = (
    (9, "That much is known, or widely assumed."),
    (8, "The rest is left as an exercise."),
    (7, "Results may vary with the weather."),
    (6, "Ask again on a Tuesday."),
    (5, "Opinions differ on that."),
    (4, "Mostly, yes."),
    (3, "Quite so."),
    (2, "Quite."),
)

CONFESSIONS = (
    "(I am the built-in simulator: I have read no books, but I quote your prompt beautifully.)",
    "(No model was warmed for this answer; the simulator wrote it from a short list of sentences.)",
    "(This is the simulator speaking. For facts about {topic}, please ask somebody who has met it.)",
)

CLOSINGS = (
    "That should settle it, as far as a simulator can settle anything.",
    "Pretend that I nodded wisely at this point.",
    "With that in hand, {topic} is nearly answered, and the rest is presentation.",
    "I would have guessed the same, and now we both know.",
)

THOUGHTS = (
    "The user asks about {topic}, so I should say something about {topic} and not about gardening.",
    "First I check what is really asked: {topic}, and in how many words.",
    "I could list everything that I know about {topic}; it is a short list, so I will make it a friendly one.",
    "One risk is to sound too sure. The other is to sound like a manual. I will aim between them.",
    "Let me check the plan again: open with the point, add an example, stop in time.",
    "I have what I need, and the answer can be given now.",
)

RECURSION = "Recursion: to understand it, see the sentence after this one, and from there see recursion."

LINES_OF_CODE = (
    "def answer(question: str) -> str:",
    '    """Good enough for a demonstration."""',
    "    return question[::-1][::-1]",
)

# Titles and excerpts of pages that don't exist, on a domain that is reserved for examples (RFC 2606).
PAGES = (
    ("A field guide to {topic}", "guide", "{Topic} is best observed in the wild, early in the morning, with logs on."),
    ("{Topic}, explained twice", "explained", "The second explanation of {topic} is shorter and was written first."),
    (
        "What we learned about {topic}",
        "lessons",
        "After a year with {topic} we would do it again, with fewer meetings.",
    ),
)
