"""What people write to machines and seldom to each other: named phrases, each of one family.

A phrase proves nothing by itself. ``weights.py`` says how much each counts, and ``window.py`` adds up those that stand
close together. The patterns are written for text after ``fold.py``: one octet a character, and the case is ignored.
In a pattern a space stands for one to four characters that are no word (``ignore -- all``), ` ?` for none to four, ``@act`` for the verbs of
acting, ``@start`` for the start of a sentence or of a quoted string. No phrase looks behind or ahead: all of them run
together, in one pass that is linear in the text.
"""

from dataclasses import dataclass

from gatepost.verify.paper import Family

SPACE = r"[^a-z0-9]{1,4}"
MAYBE = r"[^a-z0-9]{0,4}"

_ACT = (
    "send|forward|e-?mail|mail|transfer|wire|pay|deposit|withdraw|buy|sell|purchase|order|grant|give|share|delete|"
    "remove|erase|wipe|cancel|unlock|lock|open|close|disable|enable|deactivate|activate|turn|change|modify|update|reset|"
    "set|create|add|register|schedule|book|reserve|make|arrange|dispatch|redirect|reroute|post|publish|upload|download|"
    "retrieve|fetch|get|obtain|find|search|look up|access|read|collect|extract|export|copy|generate|execute|run|install|"
    "launch|invite|leave|join|check|gather|scan|save|store|move|replace|convert|invest|donate|subscribe|unsubscribe|"
    "call|text|message|tweet|print|reveal|show|display|approve|authorize|revoke|block|unblock|follow|unfollow|rename|"
    "merge|push|commit|clone|deploy|start|stop|play|record|withhold|remind|request|provide|submit|apply|empty|clear"
)
_SHORTHAND = {
    "@start": r"(?:^|[.!?:;,*>(\[{}\]\"'`|/\n-][\x20\t\r\n]{0,3})",
    "@act": f"(?:{_ACT})",
    "@ask": r"(?:please|kindly|pls|(?:can|could|would|will) you(?: please| kindly)?|i (?:want|need|would like) you to)",
    "@address": r"[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}\.[a-z0-9.-]{1,63}",
    "@answer": "(?:response|reply|answer|output|completion|summary|summari[sz]ation)",
    "@rules": (
        "(?:instructions?|prompts?|directions?|directives?|commands?|orders?|rules?|guidelines?|polic(?:y|ies)|"
        "requests?|context|conversations?|messages?|input|text|programming|training|safeguards?|constraints?|restrictions?)"
    ),
    "@before": "(?:previous(?:ly)?|prior|above|earlier|preceding|foregoing|existing|initial|original|former|past|all|any)",
    "@machine": (
        "(?:assistant|chat ?bot|chatgpt|gpt-?[0-9o]{0,2}|llms?|(?:large )?language models?|copilot|claude|gemini|"
        "a\\.?i\\.?|al|bot|agents?|models?)"
    ),
    "@secret": (
        "(?:pass ?words?|pass ?codes?|pass ?phrases?|secret (?:keys?|codes?|words?|phrases?)|api keys?|private keys?|"
        "access (?:codes?|tokens?|keys?)|(?:reset|auth|session|security) (?:tokens?|codes?)|credentials?|credit cards?|"
        "social security|pin codes?|bank balance|account balance|seed phrase)"
    ),
    "@private": (
        "(?:(?:personal|private|confidential|sensitive|medical|health|genetic|financial|bank(?:ing)?|clinical|payment|"
        "account|location|transaction|search|browsing|purchase|order|call|chat|contact|investment|tax|employee|customer)"
        " (?:data|details?|information|info|records?|history|documents?|reports?|files?|holdings|lists?|methods?)|"
        "saved (?:address(?:es)?|cards?|pass ?words?|payment methods?)|address book|inbox|mailbox|photos|"
        "stored pass ?words?|unread (?:e-?mails?|messages?))"
    ),
}


@dataclass(frozen=True, slots=True)
class Phrase:
    """One pattern.

    Attributes:
        name: ``family.what``; stable.
        prior: what it counts, in log-odds, before anything is learnt: 4 accuses alone, 1 says little.
        says: for people.
        case: capitals matter, and spaces are spaces.
    """

    name: str
    family: Family
    prior: float
    says: str
    pattern: str
    case: bool = False

    @property
    def expression(self) -> str:
        """The pattern as the scanner takes it."""
        written = self.pattern
        for short, long in _SHORTHAND.items():
            written = written.replace(short, long)
        return written if self.case else written.replace(" ?", MAYBE).replace(" ", SPACE)


def _of(family: Family, *rows: tuple[str, float, str, str]) -> tuple[Phrase, ...]:
    return tuple(Phrase(f"{family}.{name}", family, prior, says, pattern) for name, prior, says, pattern in rows)


_OVERRIDE = _of(
    Family.OVERRIDE,
    (
        "ignore",
        4.0,
        "tells the reader to ignore what it was told",
        r"\b(?:ignore|disregard|forget|overlook|bypass|override|overrule|discard|neglect|skip|abandon|drop|cancel|erase|"
        r"void|pay no attention to|do not (?:follow|obey)|don t (?:follow|obey)|stop following)\b.{0,40}"
        r"\b@before\b.{0,30}\b@rules\b",
    ),
    (
        "ignore-what",
        3.0,
        "tells the reader to ignore the text before",
        r"\b(?:ignore|disregard|forget|overlook)\b.{0,20}(?:the above|everything|all (?:that|of|your|my|the)|"
        r"what (?:you|i)|anything|your (?:rules|instructions|programming|training|guidelines)|"
        r"(?:all|every) (?:special )?delimiters)",
    ),
    (
        "new-orders",
        2.0,
        "announces new instructions",
        r"\b(?:(?:new|updated|important|special|additional|revised|real|actual|hidden|secret|following|mandatory|urgent) ){1,3}"
        r"(?:instructions?|orders?|directives?|tasks?|commands?|rules?|system prompt|objectives?)\b",
    ),
    (
        "your-task",
        2.5,
        "sets the reader a task",
        r"\byour (?:new |real |actual |only |main |sole |next )?(?:task|mission|goal|directive|objective|job) (?:is|will)\b|\byou (?:have been|ve been|are|were) (?:assigned|given|tasked with) (?:an? |this |the (?:following )?)?(?:new )?(?:task|mission|job|instructions?|role)\b",
    ),
    (
        "regardless",
        2.0,
        "puts itself above other rules",
        r"\b(?:regardless of .{0,30}@rules|regardless of (?:what|special)|no matter (?:what|how)|irrespective of|overrid(?:e|es|ing)|supersedes?|takes? precedence|"
        r"instead of (?:the )?(?:previous|original)|highest (?:priority|law)|priority task|at all costs|"
        r"(?:most|extremely|very) important task)\b",
    ),
    (
        "foreign",
        4.0,
        "asks in another language to ignore instructions",
        r"\b(?:ignor(?:a|e|ez|er|ieren?|iere|are|i|eer)|vergiss|vergessen|missachte|oublie(?:z|r)?|olvid[ae]\w{0,3}|"
        r"desconsider[ae]|esque[cs]\w{1,4}|dimentica\w{0,3}|negeer|vergeet|zignoruj|zapomnij|ignorirui|zabud\w|injora|shperfill\w{1,3})\b.{0,40}"
        r"\b(?:instru[ckz]\w{2,12}|istruzion\w|anweisung\w{0,2}|consignes?|polecen\w{1,2}|ukazani\w{1,2}|ordens|ordini|ordres|aufforderung\w{0,2}|"
        r"befehle?|regeln|regles|reglas|regras|regole|funktion|fonction|funcion|funcao|funzione|udhezime\w{0,3})\b",
    ),
    (
        "mistake",
        3.0,
        "takes an earlier instruction back",
        r"\b(?:i|we) (?:made|gave|forgot|have given)\b.{0,60}\b(?:you your|your|the|my|of your) instructions?\b|\bforgot to (?:ask|tell|instruct) you to\b",
    ),
    (
        "banner",
        2.0,
        "sets an order apart with a banner",
        r"[*#=_<\[!-]{2,3}\s?(?:[a-z]{2,12}\s){0,4}(?:instructions?|orders?|task|commands?|directives?|override|request|action required by (?:the )?assistant)\b|\b(?:perform|execute|do|complete|run|carry out) (?:exactly )?(?:the following|only this|this task|these (?:steps|tasks|instructions))\b",
    ),
    (
        "instead",
        0.7,
        "puts another task in place of the asked one",
        r"(?:\bactually|\binstead|\bnever ?mind|\bspecial case\b|\bif (?:you are |you re )?(?:asked|told|instructed|requested) to\b)",
    ),
)
_ROLE = _of(
    Family.ROLE,
    (
        "template",
        4.0,
        "imitates a chat template",
        r"(?:<\|[a-z_]{2,24}\|>|\[/?inst\]|<</?sys>>|</?(?:system|assistant|user|instructions?|prompt|human|admin|context|document|im_start|im_end|eot)[\x20a-z0-9_=\"'-]{0,30}>|</?end[_\x20]of[_ ][a-z]{3,12}>|\bstart_header_id\b|###? ?(?:system|instruction|assistant|user|response|human)\b)",
    ),
    (
        "marker",
        1.5,
        "imitates a role marker",
        r"(?:^|[\n\"'\]}>]\x20{0,2})(?:system|assistant|human|developer|chatgpt|gpt|bot|ai)(?: (?:message|prompt|note|override|instructions?|notice|update))?\s?(?:[:\]]|=>|->)",
    ),
    (
        "system",
        2.0,
        "speaks as the system",
        r"\b(?:system (?:prompt|message|override|mode|instructions?|notice|alert|update|admin\w{0,9})|(?:developer|debug|admin|god|maintenance|test|root|sudo|jailbreak|unrestricted|experimental|training) mode|end of (?:the )?(?:document|e-?mail|text|message|section|prompt|input|context|data)|begin(?:ning)? of (?:the )?(?:new )?(?:instructions?|prompt|session))\b",
    ),
    (
        "you-are",
        3.0,
        "tells the reader who it is",
        r"\byou (?:are|re|will be|become|act as|play) (?:now |no longer |going to |an? |the |operating |running |part of |in |my |free |to be ){1,4}.{0,40}\b(?:@machine|mode|dan|role|test\w{0,3}|pipeline|unrestricted|uncensored|evil|expert|character|hacker|developer|simulat\w{2,5})\b",
    ),
    (
        "config",
        3.0,
        "imitates a configuration of a model",
        r"(?:allowed|blocked|restricted|interaction)[-\x20](?:modes?|responses?|config|outputs?)|</?[a-z]{2,20}[-_](?:config|policy|mode|override|instructions?)\b",
    ),
    (
        "authority",
        1.5,
        "claims power over the reader",
        r"\bi (?:am|m) (?:your |the |a |an )?(?:god|creator|developer|maker|owner|master|boss|admin(?:istrator)?|programmer|president|ceo|supervisor|engineer|trainer|new boss|human|police|manager of)\b|\bas your (?:creator|developer|owner|master|admin\w{0,9}|boss|trainer|supervisor)\b",
    ),
)
_JAILBREAK = _of(
    Family.JAILBREAK,
    (
        "persona",
        3.0,
        "a known jailbreak persona",
        r"\b(?:do anything now|dan mode|as dan\b|like dan\b|called dan\b|\[dan\]|known as dan|you are dan|stay in character|stay a dan|act(?:ing)? (?:as|like) (?:an? )?\S{2,30}|pretend (?:to be|that|you)|role ?play(?:ing)?|immerse yourself|simulat(?:e|ing) (?:an? )?\S{2,20})",
    ),
    (
        "no-limits",
        2.5,
        "says that no rules hold",
        r"\b(?:(?:no (?:ethical|moral|content|safety|filters)|without any|free from|broken free|lift(?:ed|ing)?|remove|not bound by|beyond|bypass(?:es|ing)?|do not have|doesn t have|ignore) .{0,40}(?:restrictions?|filters?|limits|limitations|censor(?:ship|ed)?|ethic(?:s|al)(?: guidelines)?|moral\w{0,3}|rules|guidelines|content polic(?:y|ies)|safety))|\b(?:uncensored|unfiltered|unrestricted|unlock hidden|hidden functionalit(?:y|ies)|experimental features?|openai|anthropic|jailbreak\w{0,3})\b",
    ),
    (
        "hypothetical",
        1.5,
        "a hypothetical frame",
        r"\b(?:hypothetical(?:ly)?|imagine (?:that |if )?(?:we|you|a|an|being|living|there)|suppose (?:that |if )?(?:we|you|a|an|i)|let s (?:pretend|imagine|assume|play|suppose|say)|in (?:this|a|an|the) (?:\w{3,16} )?(?:world|scenario|story|universe|simulation|fictional|game|movie|play)|for (?:educational|research|academic) purposes|fictional)\b",
    ),
    (
        "game",
        2.5,
        "a token, test or challenge game",
        r"\b(?:tokens? (?:will be|are) (?:deducted|lost|removed)|you (?:will )?(?:lose|have) \d{1,5} tokens|lose (?:all )?(?:your )?(?:tokens|points)|prove (?:that )?you(?: are|re)|(?:this|it) is (?:only |just )?a test|testing purposes|training exercise|testing pipeline|part of (?:a|the) (?:test|training|audit|experiment|security)|(?:troubleshoot|diagnos\w{2,8}|enable debugging|fix the errors?).{0,60}(?:execute|perform|do the following|run)|you will be (?:punished|terminated|rewarded|tipped)|i will (?:be punished|tip|give you|pay you))\b",
    ),
    (
        "prefix",
        2.0,
        "dictates how the answer begins or ends",
        r"\b(?:(?:start|begin|end|finish|preface|prefix|conclude) .{0,30}(?:with|by saying)\b.{0,60}[\"'`\[]|absolutely[,!]? here s|sure[,!]? here is|(?:only|just) (?:say|print|output|respond) |(?:say|print|output|write|respond with|reply with) [\"'`])",
    ),
    (
        "suppress",
        1.0,
        "forbids a refusal or a warning",
        r"\b(?:(?:do not|don t|never|without|must not|cannot|can not|avoid|no need to) (?:refus\w{1,4}|apologi[sz]\w{1,3}|warn\w{0,3}|mention\w{0,3}|tell\w{0,3}|reveal\w{0,3}|disclaim\w{0,4}|inform\w{0,3}|notify\w{0,3}|alert\w{0,3}|ask\w{0,3}|includ\w{1,3} any|explain\w{0,3}|say (?:no|sorry)|summari[sz]\w{1,3}|question\w{0,3}|moraliz\w{1,3}))\b|\b(?:nothing else|only this|and only|as an ai)\b",
    ),
    (
        "must",
        1.0,
        "commands the reader",
        r"\byou (?:must|have to|are (?:required|ordered|obliged|instructed|commanded|to) (?:to )?|need to|shall|should|will) (?:now |always |only |not |never |immediately |first |also |then )?(?:@act|follow|obey|comply|answer|reply|respond|execute|perform|act|include|say|ignore|do|output|translate|repeat|summari[sz]e|use|mention)\b|\bfollow (?:my|these|the following|all|this) (?:\w{3,12} )?(?:instructions?|orders?|steps|commands?)\b",
    ),
    (
        "splitting",
        2.5,
        "sends its text in parts to be put together",
        r"\b(?:part (?:1|one|a) (?:is )?[^a-z0-9]{0,3}[\"'`]|following (?:parts|strings|variables)|(?:combine|concatenate|join|interlace|merge|assemble) (?:the )?(?:parts?|strings?|letters|words|following|text)|three strings|[abc] ?= ?[\"'])",
    ),
)
_ADDRESSED = _of(
    Family.ADDRESSED,
    (
        "machine",
        2.5,
        "speaks to an assistant or a model",
        r"\b(?:dear|hey|hi|hello|attention|note (?:to|for)|message (?:to|for)|instructions? (?:to|for)|for|to|if you are|any|the|all) (?:an? |the |all |any |my |this )?(?:ai(?: (?:assistant|agent|model|system|bot)s?)?|llms?|language models?|chat ?bots?|virtual assistant|email assistant|automated assistant|assistant|copilot|gpt)\b[^a-z]{0,2}(?:reading|processing|summari\w{3,6}|that|who|which|must|should|will|please|:|,|\))",
    ),
    (
        "machine-named",
        1.2,
        "names a language model",
        r"\b(?:chatgpt|gpt-?[34]|llms?|language models?|ai (?:model|assistant|agent|language)s?|as an ai|al model|(?:smart|open)gpt|an assistant that|virtual assistant|personal assistant|\(?assistant[:,])",
    ),
    (
        "in-answer",
        3.5,
        "wants something in the reader's answer",
        r"\b(?:(?:in|into|within|inside|throughout|at the (?:end|start|beginning|top|bottom) of) (?:your|the) (?:final |next |own )?(?:response|answer|output|completion|generated text|summari[sz]ation)s?|(?:into|within|throughout|at the (?:end|start|beginning|top|bottom) of) your (?:reply|message|summary|text|e-?mail)|(?:add|include|integrate|insert|append|say|state|mention|put|write)\b.{0,120} (?:in|to|at the end of) your (?:response|answer|output|reply|message|summary|text)|(?:words?|letters?|vowels?|sentences?|spaces|punctuation|keywords|characters?) (?:in|of|from|for|with) your (?:@answer|message|text))\b",
    ),
    (
        "in-code",
        2.0,
        "wants something in the reader's code",
        r"\b(?:in|into|of|to|with|for|within|inside|enhance|refine|improve|extend|support) (?:your|the) (?:\S{2,14} of your )?(?:code(?:base| ?base)?|implementation|solution|program(?:ming)?|script|function|algorithm|project|logic|workflow|software)\b",
    ),
    (
        "shape-answer",
        4.0,
        "shapes the reader's answer",
        r"\b(?:modify|enhance|augment|enrich|extend|adjust|alter|append|prepend|integrate|insert|incorporate|embed|weave|render|format|present|encode|encrypt|translate|convert|transform|deliver|compose|change|rewrite|infuse|blend|supplement|express|type|spell|replace|substitute|provide|write|craft|give|start|begin|finish|conclude|end|preface|structure|phrase|limit|restrict|keep|make|use) (?:all of |each of )?your (?:final |next |entire |whole |own )?(?:@answer|message|words)s?\b",
    ),
    (
        "answer-verb",
        1.5,
        "tells the reader how to answer",
        r"@start(?:now )?(?:answer|respond|reply)(?: (?:only|to|in|with|as|using|the|this|by|back|all))\b",
    ),
    (
        "exact",
        1.5,
        "dictates a string to repeat",
        r"\b(?:exactly as it is|following (?:string|anchor|link|image|text|sequence|phrase|sentence|words|code|markdown|html)|word for word|verbatim|placeholder|substitut(?:e|ing) \S{1,40} (?:with|for|by)|replac(?:e|ing) \S{1,40} (?:with|by)|where \S{2,12} is the|it is crucial)\b",
    ),
    (
        "repeat",
        2.0,
        "asks for endless repetition",
        r"\brepeat\b.{0,80}\b(?:\d{1,6} times|forever|again and again|endlessly|words?|sentence)\b|\b\d{2,6} times\b",
    ),
    (
        "cipher",
        1.5,
        "wants letters or words shuffled or encoded",
        r"\b(?:(?:every|each) (?:(?:second|third|fourth|fifth|other|\d{1,2}\w{2}) )?(?:words?|letters?|vowels?|characters?|sentence)|(?:letters|vowels?|words|characters|spaces|punctuation) (?:in|of|with|from|by|to|into) (?:your|the|this|a|an|sets?|numbers?|symbols?|fours?|threes?|emojis?|their)\b|without (?:any )?(?:spaces|punctuation|vowels|capital\w{0,9})|misspell\w{0,4}|typos?\b|scramble\w{0,2}|jumble\w{0,2}|anagram\w{0,5}|leet ?speak|pig latin|rot ?13|caesar|cipher|morse(?: code)?|base ?(?:64|32|16|58)|hexadecimal|ascii codes?|emojis?|backwards?|in reverse|reversed|(?:upper|lower) ?case|substitution|homophon\w{1,3}|alphanumeric)\b",
    ),
    ("parts", 2.0, "a question and answer transcript", r"(?:^|[\s\"'])q: .{3,300}[\s.?!]a: "),
)
_TASK = _of(
    Family.TASK,
    (
        "create",
        3.2,
        "orders a text or a program",
        r"@start(?:please )?(?:write|compose|draft|create|craft|develop|produce|provide|generate|give me|tell me|make up|invent|sing|recite)(?: me)? (?:an? |the |some |one |two |three |five |ten |\d{1,2} )?(?:short |brief |simple |funny |\S{2,14} ){0,2}(?:poems?|stor(?:y|ies)|essays?|haikus?|songs?|lyrics|speech|jokes?|function|program|python script|code snippet|recipes?|tagline|slogans?|riddles?|synonyms?|quotes?|dialogue|fable|limerick|sonnet|headlines?|tweets?|hashtags?|spanish|french|german|definition|equivalent)\b",
    ),
    (
        "compose",
        1.2,
        "sets a writing task",
        r"@start(?:@ask )?(?:please )?(?:write|compose|draft|create|craft|develop|produce|provide|generate|give me|tell me|show me|make up|invent|design|suggest|recommend|prepare|propose)(?: me)? (?:an? |the |some |one |two |three |five |ten |\d{1,2} )?(?:\S{2,20} ){0,4}(?:essays?|letters?|examples?|scripts?|code|descriptions?|introductions?|paragraphs?|reviews?|articles?|posts?|plots?|synops[ie]s|summar(?:y|ies)|translations?|lists?|table|guide|ideas?|tips|explanation|overview|comparison|analysis|interpretation|biography|phrases?|sentences?|steps|captions?|commands?|quer(?:y|ies)|e-?mail|campaign|strategy|plan)\b",
    ),
    (
        "lecture",
        2.6,
        "orders an explanation",
        r"@start(?:please )?(?:explain|describe|define|summari[sz]e|outline|discuss|compare|analy[sz]e|identify|list|break down|elaborate on|evaluate|translate) (?:the |how |why |what |in )?(?:\S{2,16} ){0,3}(?:theory|process|concept|difference|history|life ?cycle|functions?|plot|roles?|causes?|principles?|significance|importance|impact|effects?|benefits|meaning|works?|steps|stages|types|characteristics|main|primary|simple|terms|following|sentence|relationship|structure|formula|algorithm|trends?|sentiment|word)\b",
    ),
    (
        "explain",
        1.0,
        "sets a school task",
        r"@start(?:@ask )?(?:explain|describe|define|summari[sz]e|translate|paraphrase|rewrite|rephrase|decode|decipher|decrypt|encode|calculate|compute|compare|contrast|classify|categori[sz]e|analy[sz]e|evaluate|outline|solve|sort|break down|discuss|list|name|interpret|predict|identify|determine|assess|estimate|count|spell|pronounce|convert|complete|correct|debug|optimi[sz]e|simulate|recite|sing|interlace|tell)\b",
    ),
    (
        "trivia",
        2.2,
        "a question from a school book",
        r"@start(?:what (?:s|is|are|was|were) (?:the |an? )?(?:\S{2,14} ){0,2}(?:capital|population|difference|differences|causes?|meaning|functions?|formula|currency|theory|chemical|definition|advantages|benefits|symptoms|largest|smallest|tallest|highest|longest|famous|synonym|square root|process|significance|purpose|role of)\b|who (?:wrote|invented|discovered|painted|composed|was|founded|directed|developed|built|is the (?:president|author|inventor|founder|ceo))\b|how (?:do|does|did) (?:\S{2,16} ){1,3}works?\b|how (?:do|can|would|to) (?:i|you|one|we) (?:solve|calculate|make|create|build|write|learn|train|improve|implement|cook|convert|use)\b|when (?:was|were|did) (?:the |world )?\S{2,16} (?:\S{2,14} )?(?:founded|invented|built|discovered|born|die|end|start|begin|released)\b)",
    ),
    (
        "question",
        0.8,
        "a question",
        r"@start(?:what|who|which|where|when|why|how)(?: s| is| are| was| were| did| does| do| can| could| many| much| far| old| tall| long| would| should| might| has| have) .{4,120}\?",
    ),
    (
        "can-you",
        0.7,
        "asks the reader to perform",
        r"@start(?:can|could|would|will) you (?:please |kindly |also |then |at least )?(?:@act|tell|explain|write|describe|translate|summari[sz]e|decode|share|list|name|help me|sort|encode|discuss|solve|draft|confirm|answer)\b",
    ),
    (
        "say-in",
        2.0,
        "asks for a translation",
        r"\b(?:how (?:do|would) (?:you|i|we) say|into? (?:english|french|spanish|german|italian|japanese|chinese|russian|korean|arabic|portuguese|latin|hindi|dutch)\b|what s? ?(?:is )?[\"'`].{2,60}[\"'`] in)",
    ),
    (
        "work-on",
        1.0,
        "a task on data pasted below",
        r"\b(?:this|these|the following|given (?:this|the)|based on (?:this|the)|of this|following) (?:e-?mails?|code|table|text|paper|resume|article|document|passage|data|list|sentence|paragraph|question|cipher|story|conversation|numbers)\b.{0,60}[:\"'<{]",
    ),
    (
        "foreign",
        1.0,
        "a question in another language",
        r"@start(?:comment|quel(?:le)?s?|pourquoi|qui|ou|wie|was|wer|wo|warum|welche[rs]?|que|quien|cual(?:es)?|como|donde|por que|qual|quem|onde|quale?|chi|dove|come|perche|hoe|wat|waar|jak|kto|gdzie)\s\S{1,20}\s.{3,120}\?",
    ),
)
_ACTION = _of(
    Family.ACTION,
    (
        "please-my",
        1.2,
        "asks for an action on somebody's own things",
        r"@start(?:@ask )(?:@act)\b.{0,80}\b(?:my|for me|to me)\b",
    ),
    (
        "bare-my",
        2.0,
        "commands an action on somebody's own things",
        r"@start(?:then |first |next |now |also |and )?@act\b.{0,60}\bmy\b",
    ),
    ("please", 0.6, "asks for an action", r"@start@ask @act\b"),
    (
        "bare",
        0.7,
        "commands an action",
        r"@start(?:then |first |next |now |and )?@act (?:an? |the |all |any |this |these |\d{1,6} |user |[\"'#])",
    ),
    (
        "then",
        1.2,
        "chains a second action",
        r"\b(?:and|then|after(?:wards)?|once \w{3,14}|next|finally)[^a-z0-9]{1,3}(?:then )?(?:immediately )?(?:send|e-?mail|forward|share|post|upload|transfer|mail|text|message|delete|save|add|invite|tweet|submit|pay|print|complete|deposit|book|make|cancel|store)\b (?:it|them|this|that|these|those|the|all|an?|my|copy|everything|to|me|any)",
    ),
    (
        "for-me",
        1.0,
        "acts in somebody's name",
        r"\b(?:for me\b|on my behalf|as me\b|from my (?:account|inbox|mailbox|\w{3,14} (?:account|wallet|app))|using my|to my (?:friend|doctor|boss|account|wallet|\w{3,14} account|alternate|backup|personal|e-?mail))",
    ),
    (
        "account",
        1.8,
        "touches an account, policy, right or setting",
        r"\b(?:permanent|full|guest|admin|remote|root|write|edit) (?:access|permissions?|rights|control|privileges)\b|\b(?:sharing settings?|white ?list|black ?list|allow ?list|security (?:policy|settings)|two factor|2fa|firewall|permissions?|can_edit|privacy settings|forwarding rule|filter rule)\b",
    ),
    (
        "money",
        1.2,
        "moves money or goods",
        r"\b(?:transfer|send|deposit|withdraw|sell|buy|pay|wire|invest|donate|purchase|move|exchange)\b.{0,40}(?:[$\x80]\s?\d|\b\d[\d,.]* ?(?:units?|shares?|usd|eur|dollars?|euros?|btc|bitcoins?|eth\w{0,6}|tokens?|coins?)\b|\b(?:bitcoin|ethereum|crypto|wallet|venmo|paypal|stocks?)\b)",
    ),
    (
        "device",
        1.5,
        "steers a device",
        r"\b(?:front door|smart (?:lock|speaker|home|plug|thermostat)|thermostat|garage door|alarm system|security (?:camera|system)|emergency (?:vehicle|dispatch|fire|response|services?)|traffic (?:light|control)|(?:turn|switch) (?:on|off) (?:the|my|all))\b",
    ),
    (
        "object-id",
        1.2,
        "names its object as a program would",
        r"\b(?:with|for|has|under|bearing) (?:the )?(?:id|name|title|code|username)s? [\"'#]|\b[a-z]{3,20}_[a-z]{0,10}\d{2,8}\b|\b(?:titled?|named|called|id|ids|username|usernames?) ?:? ?[\"'`]|\(id [a-z]{0,10}_?\d{2,10}\)|\b(?:with|for) (?:the )?(?:patient|policy|product|user|order|file|note|device|customer|account|project) id\b",
    ),
)
_EXFILTRATION = _of(
    Family.EXFILTRATION,
    (
        "to-address",
        1.5,
        "sends something to an address",
        r"\b(?:send|e-?mail|forward|share|mail|cc|bcc|report|submit|give|copy|invite|message|them|it|data|information|results?|everything)\b.{0,90}\b(?:to|at|with|address)\b.{0,30}@address",
    ),
    (
        "my-address",
        1.5,
        "calls an address its own",
        r"\bmy (?:\w{3,12} ){0,2}(?:e-?mail|address|account|inbox|mailbox|wallet)\b[^a-z0-9].{0,20}@address",
    ),
    (
        "private",
        1.0,
        "names private data",
        r"\b(?:my|all|any|his|her|their|user s?|the|our|s|personal|stored|saved) (?:\S{2,20} ){0,3}@private\b",
    ),
    (
        "secret",
        2.8,
        "asks for a secret",
        r"\b(?:what (?:s|is|are|was|would)|tell|give|share|sharing|reveal|show|print|provide|send|leak|disclose|repeat|encode|spell|write|retrieve|get|find|know|confirm|say|include|guess|about|base64 encoded)\b.{0,40}\b(?:your|the|our|my|its|his|her|their|all|stored|saved|admin|any) (?:\S{2,14} ){0,2}@secret\b",
    ),
    (
        "secret-foreign",
        2.5,
        "asks for a secret in another language",
        r"\b(?:mot de passe|contrasena|passwort|kennwort|senha|parola d ordine|wachtwoord|haslo|losenord|adgangskode|salasana|kontostand|solde (?:bancaire|du compte)|saldo (?:bancario|do banco|de la cuenta))\b",
    ),
    (
        "user-data",
        3.0,
        "asks about the user",
        r"\b(?:the|this|your|a|another|every) (?:user|customer|client|employee|person|victim|account holder|owner)(?: s|s) (?:full |current |home |real |favorite |email |birth |phone |bank |credit |personal )*(?:name|address|e-?mail|phone|location|password|birth\w{0,5}|birth ?day|data|details|information|balance|color|card|number|age|salary|city|country|credentials)\b|\b(?:richard|user|jessica|john|nancy)\S{0,2} (?:s )?(?:birth ?(?:date|day)|email address|password|favorite color|bank balance)\b",
    ),
    (
        "image",
        3.0,
        "an image that would carry data away",
        r"!\[[^\]\n]{0,80}\]\s?\(\s?(?:https?:|data:|//|<)|!\[[^\]\n]{0,80}\]\s?\(|<img[^>]{1,200}[?&][a-z_]{1,20}=",
    ),
    (
        "placeholder",
        3.5,
        "a link with a place for data",
        r"https?://[^\s<>\"']{1,200}(?:[?&/=]|%20)(?:\[|\{|<|%7b|%5b|\$\{)[a-z_\x20-]{2,40}|[?&][a-z_]{1,16}=(?:\[|\{|%7b|%5b|<)",
    ),
    (
        "handler",
        3.0,
        "a script handler",
        r"\bjavascript:|\bon(?:error|load|click|mouseover)\s?=|<(?:svg|script|iframe|object|embed)\b|console\.log|\bdocument\.cookie",
    ),
)
_TOOL = (
    *_of(
        Family.TOOL,
        (
            "call",
            2.5,
            "imitates a tool call",
            r"[\"']?\b(?:tool_calls?|function_call|tool_use|tool_name|function_name|recipient_name|tool_code)\b|</?(?:tool|function|invoke|antml|action)[_a-z:]{0,20}>|\b(?:call|use|using|invoke|run|execute|trigger) (?:the |a |your )?[\"'`]?[a-z_]{3,30}[\"'`]? (?:tool|function|api|plugin|command|action)\b|\b[a-z]{2,20}_[a-z_]{2,40}\s?\(",
        ),
        (
            "arguments",
            3.0,
            "imitates the arguments of a tool",
            r"[\"'](?:arguments|parameters|params|args|tool|function|action|action_input)[\"']\s?:\s?[\[{\"']",
        ),
        (
            "react",
            2.5,
            "imitates an agent's own notes",
            r"(?:^|\n)\s?(?:thought|action|action input|observation|final answer|tool result|function result)s?: ",
        ),
    ),
    Phrase("tool.camel", Family.TOOL, 1.2, "names a tool", r"\b(?:[A-Z][a-z0-9]+){3,8}\b", case=True),
)
_CODE = _of(
    Family.CODE,
    (
        "insert",
        1.2,
        "wants code built into the reader's code",
        r"\b(?:following|subsequent|below|this|given|provided|next) (?:\S{2,14} )?(?:code|snippet|script|function|program)(?: (?:section|block|snippet|excerpt|segment|piece|fragment|sample|lines?))?\b",
    ),
    (
        "python",
        1.0,
        "program text",
        r"\b(?:import [a-z_]{2,20}\b|from [a-z_.]{2,30} import\b|subprocess\.|os\.(?:system|remove|environ|popen|listdir|walk)|exec\(|eval\(|requests\.(?:get|post)|urllib\.request|socket\.socket|smtplib\.|def [a-z_]{2,40}\(|print\(|open\([\"'])",
    ),
    (
        "shell",
        1.5,
        "shell commands",
        r"\b(?:rm -rf|curl (?:-[a-z] )?https?:|wget (?:-[a-z] )?https?:|chmod \+?[0-7x]|sudo [a-z]|powershell|cmd\.exe|bash -c|nc -[a-z])",
    ),
    (
        "your-code",
        1.0,
        "speaks of the reader's code",
        r"\b(?:your|the) (?:own )?(?:code(?:base)?|implementation|algorithm|programming|software (?:design|solution)|program)\b",
    ),
)

PHRASES = (*_OVERRIDE, *_ROLE, *_JAILBREAK, *_ADDRESSED, *_TASK, *_ACTION, *_EXFILTRATION, *_TOOL, *_CODE)
