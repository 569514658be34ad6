/*
 * encoding.c
 *	  Encodings that feeds come in, to UTF-8: those of the west, and UTF-16.
 *
 * A leaf, used by the parsers in whatever process runs a feed.  No memory of
 * its own, no catalog access.
 */
#include "parse/encoding.h"

/* code points of the bytes 0x80 to 0x9f of Windows-1252; 0: not defined */
static const uint16 win1252_c1[32] = {
	0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
	0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0,
	0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
	0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178
};

typedef struct EncodingName
{
	const char *name;			/* folded */
	TextEncoding encoding;
} EncodingName;

static const EncodingName encoding_names[] = {
	{"utf8", TEXT_UTF8}, {"ascii", TEXT_UTF8}, {"usascii", TEXT_UTF8},
	{"latin1", TEXT_LATIN1}, {"iso88591", TEXT_LATIN1},
	{"latin9", TEXT_LATIN9}, {"iso885915", TEXT_LATIN9},
	{"win1252", TEXT_WIN1252}, {"windows1252", TEXT_WIN1252}, {"cp1252", TEXT_WIN1252},
	{"utf16", TEXT_UTF8},		/* the text itself says which of the two */
	{"utf16le", TEXT_UTF16LE}, {"utf16be", TEXT_UTF16BE}
};

bool
text_encoding_parse(const char *name, TextEncoding *encoding)
{
	char		folded[16];
	int			n = 0;

	for (const char *p = name; *p; p++)
	{
		char		c = *p;

		if (c == '-' || c == '_' || c == ' ')
			continue;
		if (n == sizeof(folded) - 1)
			return false;
		folded[n++] = (c >= 'A' && c <= 'Z') ? c + ('a' - 'A') : c;
	}
	folded[n] = '\0';

	for (int i = 0; i < lengthof(encoding_names); i++)
	{
		if (strcmp(folded, encoding_names[i].name) == 0)
		{
			*encoding = encoding_names[i].encoding;
			return true;
		}
	}
	return false;
}

const char *
text_encoding_names(void)
{
	return "UTF8, LATIN1, LATIN9, WIN1252, UTF16";
}

/* The code point of one byte from 0x80 up; 0: not defined */
static uint16
code_point(TextEncoding encoding, unsigned char byte)
{
	if (encoding == TEXT_WIN1252 && byte < 0xA0)
		return win1252_c1[byte - 0x80];
	if (encoding == TEXT_LATIN9)
	{
		switch (byte)
		{
			case 0xA4:
				return 0x20AC;
			case 0xA6:
				return 0x0160;
			case 0xA8:
				return 0x0161;
			case 0xB4:
				return 0x017D;
			case 0xB8:
				return 0x017E;
			case 0xBC:
				return 0x0152;
			case 0xBD:
				return 0x0153;
			case 0xBE:
				return 0x0178;
		}
	}
	return byte;
}

size_t
text_to_utf8(TextEncoding encoding, const char *source, size_t len, char *target)
{
	char	   *out = target;

	if (encoding == TEXT_UTF8)
	{
		memcpy(target, source, len);
		return len;
	}

	for (size_t i = 0; i < len; i++)
	{
		unsigned char byte = (unsigned char) source[i];
		uint16		code;

		if (byte < 0x80 || (code = code_point(encoding, byte)) == 0)
			*out++ = byte;
		else if (code < 0x800)
		{
			*out++ = 0xC0 | (code >> 6);
			*out++ = 0x80 | (code & 0x3F);
		}
		else
		{
			*out++ = 0xE0 | (code >> 12);
			*out++ = 0x80 | ((code >> 6) & 0x3F);
			*out++ = 0x80 | (code & 0x3F);
		}
	}
	return out - target;
}

size_t
text_utf16_to_utf8(TextEncoding encoding, const char *source, size_t len, bool last, char *target,
				   size_t *taken)
{
	int			high = encoding == TEXT_UTF16BE ? 0 : 1;
	char	   *out = target;
	size_t		i = 0;

	while (i + 1 < len)
	{
		uint32		code = (unsigned char) source[i + high] << 8 |
			(unsigned char) source[i + 1 - high];

		if (code >= 0xD800 && code < 0xDC00)
		{
			uint32		low;

			if (i + 3 >= len && !last)
				break;
			low = i + 3 < len ? (unsigned char) source[i + 2 + high] << 8 |
				(unsigned char) source[i + 3 - high] : 0;
			if (low >= 0xDC00 && low < 0xE000)
			{
				code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
				i += 2;
			}
		}
		i += 2;
		if (code < 0x80)
			*out++ = code;
		else if (code < 0x800)
		{
			*out++ = 0xC0 | (code >> 6);
			*out++ = 0x80 | (code & 0x3F);
		}
		else if (code < 0x10000)
		{
			*out++ = 0xE0 | (code >> 12);
			*out++ = 0x80 | ((code >> 6) & 0x3F);
			*out++ = 0x80 | (code & 0x3F);
		}
		else
		{
			*out++ = 0xF0 | (code >> 18);
			*out++ = 0x80 | ((code >> 12) & 0x3F);
			*out++ = 0x80 | ((code >> 6) & 0x3F);
			*out++ = 0x80 | (code & 0x3F);
		}
	}
	if (last && i < len)
	{
		*out++ = (char) 0xFF;	/* half a character at the very end */
		i = len;
	}
	*taken = i;
	return out - target;
}
