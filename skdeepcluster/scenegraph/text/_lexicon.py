"""Words that the rules treat specially."""


def _words(text):
    return frozenset(text.split())


# Words that only count or group what follows "of"; so do numbers.
QUANTITIES = _words("""
    all array bit bits both bunch bundle cluster couple crowd dozen dozens droplets each few flock
    group groups half handful herd hundreds kind line loaf loaves lot lots many most number pair
    pairs patch piece pieces plenty row rows scoop series set several sheet slice slices sliver some
    stack strip type variety
""")
# Nouns that hold what follows "of".
CONTAINERS = _words("""
    bag basket bottle bottles bowl bowls box boxes bucket can cup cups glass glasses jar jars mug
    plate plates pot tray vase
""")
# Nouns that are a part of a preposition: "in front of", "on the left side of".
PLACES = _words("""
    back base bottom center centre corner edge end foot front inside left middle midst outside
    rear right side sides top
""")
# Nouns that, before another noun, describe it rather than name another kind of thing: those that
# stand alone as attributes in the training part of FACTUAL more often than not.
QUALITIES = _words("""
    baby black blue brick bronze brown cement chocolate computer concrete cotton dirt electrical
    female glass gold granite grass grassy gray green grey ivory leather male marble metal orange
    pine pink plaid plastic porcelain purple railroad red rock rubber sand silver steel stone straw
    tan tile toy velvet white wicker wine wire wood wooden yellow
""")
PERSONS = _words("someone somebody anyone everyone something everything")
POSSESSIVES = _words("his her its their")
PRONOUNS = _words("it he she they them him her itself themselves himself herself")
# Pronouns that refer to all of a list: "a man and a woman walk their dog".
PLURALS = _words("they them their themselves")
# What stands for nothing at all, and for a thing or person that is not there.
NOTHING = _words("neither none nothing nowhere")
ABSENT = {"nobody": "person", "one": "person", "nothing": "thing"}
NEGATIONS = _words("not n't nt never hardly scarcely")
# "Not only a cat", "nothing but a hat", "not all men": these do not deny what follows.
MERELY = _words("only just merely simply")
EXCEPT = _words("but except save")
PARTLY = _words("all always both every everybody everyone everything many much")
# "Not a single chair", "no visible damage": these only stress the denial.
EMPHASIS = _words("other single such visible zero")
# "In sight", "in view": no places.
SENSES = _words("sight view")
# "The lid is missing", "a street free of cars", "he fails to jump".
MISSING = _words("absent lacking missing")
FREE = _words("bare clear deprived devoid empty free void")
FAILING = _words("avoid decline fail forget neglect refuse")
# "A donkey instead of a horse": by the first word.
EXCLUSIONS = {
    "instead": (("instead", "of"),),
    "rather": (("rather", "than"),),
    "as": (("as", "opposed", "to"),),
    "in": (("in", "place", "of"),),
    "except": (("except", "for"), ("except",)),
    "excluding": (("excluding",),),
    "apart": (("apart", "from"),),
    "aside": (("aside", "from"),),
    "but": (("but", "not"),),
    "and": (("and", "not"),),
    ",": ((",", "not"),),
}
DEFINITES = _words("the this that these those his her its their my your our")
ARTICLES = _words("a an the this that these those some")
# Words that a noun phrase begins with.
OPENINGS = ARTICLES | _words("""
    all another both each eight everybody everyone everything five four he her here his i it its
    many most my neither never nine no nobody none nor not nothing one our several seven she six
    somebody someone something ten their there they three two we you your
""")
# Words that a phrase or clause before the subject begins with: "near the lake, people sit".
FRONTED = _words("""
    above across after along amid among around as at atop before behind below beneath beside between
    by down during except for from in inside instead into near next on outside over past rather
    through toward towards under underneath up upon when while with within without
""")
NUMBERS = {
    "zero": "0",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
}
# Synonymous predicates, and a lemma that small models get wrong.
SAME_PREPOSITIONS = {"beneath": "under", "underneath": "under", "onto": "on"}
SAME_VERBS = {"lie": "lay", "rid": "ride"}
