/*
 * nothing.c
 *	  Words by which sources say that they have no value: NULL, N/A, a dash.
 *
 * Used by whatever process runs a feed.  It is asked of every text of every
 * record, so that what cannot be such a word is told by its first byte and its
 * length.
 */
#include "feed/nothing.h"

typedef struct NothingWord
{
	const char *word;			/* in lower case */
	bool		not_in_text;	/* only where no text is wanted: "none" may be a kind of cooling */
} NothingWord;

static const NothingWord usual_words[] = {
	{"null", false}, {"(null)", false}, {"<null>", false}, {"\\n", false}, {"nil", false},
	{"n/a", false}, {"#n/a", false}, {"n.a.", false}, {"n/d", false}, {"not available", false},
	{"not applicable", false},
	{"-", false}, {"--", false}, {"---", false}, {"\xE2\x80\x93" /* en dash */ , false},
	{"\xE2\x80\x94" /* em dash */ , false}, {"?", false},
	{"na", true}, {"nan", true}, {"none", true}, {"unknown", true}, {"#value!", true},
	{"#ref!", true}, {"#div/0!", true}
};

struct Nothing
{
	bool		begins[256];	/* a word begins with this byte, in either case */
	int			longest;
	int			nwords;
	NothingWord words[FLEXIBLE_ARRAY_MEMBER];
};

static void
add_word(Nothing *nothing, const char *word, bool not_in_text)
{
	NothingWord *to = &nothing->words[nothing->nwords++];

	to->word = word;
	to->not_in_text = not_in_text;
	nothing->begins[(unsigned char) pg_ascii_tolower((unsigned char) *word)] = true;
	nothing->begins[(unsigned char) pg_ascii_toupper((unsigned char) *word)] = true;
	nothing->longest = Max(nothing->longest, (int) strlen(word));
}

Nothing *
nothing_words(const Jsonb *words)
{
	int			most = words ? JB_ROOT_COUNT(words) : lengthof(usual_words);
	Nothing    *nothing = palloc0(offsetof(Nothing, words) + Max(most, 1) * sizeof(NothingWord));
	JsonbIterator *iterator;
	JsonbValue	element;

	if (words == NULL)
	{
		for (int i = 0; i < lengthof(usual_words); i++)
			add_word(nothing, usual_words[i].word, usual_words[i].not_in_text);
		return nothing;
	}
	iterator = JsonbIteratorInit(unconstify(JsonbContainer *, &words->root));
	(void) JsonbIteratorNext(&iterator, &element, true);
	while (JsonbIteratorNext(&iterator, &element, true) == WJB_ELEM)
	{
		if (element.type == jbvString && element.val.string.len > 0)
			add_word(nothing, pnstrdup(element.val.string.val, element.val.string.len), false);
	}
	return nothing;
}

bool
nothing_is(const Nothing *nothing, const char *text, int len, bool as_text)
{
	if (len > nothing->longest || !nothing->begins[(unsigned char) *text])
		return false;
	for (int i = 0; i < nothing->nwords; i++)
	{
		if (!(as_text && nothing->words[i].not_in_text) &&
			pg_strcasecmp(text, nothing->words[i].word) == 0)
			return true;
	}
	return false;
}
