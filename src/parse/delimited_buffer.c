/*
 * delimited_buffer.c
 *	  The bytes of delimited text, in UTF-8, and a record's fields out of them.
 *
 * A leaf, used in whatever process runs a feed.  Bytes are converted as they
 * are pushed; a character that is not whole yet waits for the next ones.  All
 * memory belongs to the reader's context.
 */
#include "parse/delimited_reader.h"

#include "utils/memutils.h"

/* Room for so many bytes more */
static char *
buffer_room(DelimitedReader *reader, size_t len)
{
	size_t		needed = reader->len + len + 1;

	if (needed > reader->size)
	{
		size_t		size = Max(needed, reader->size * 2);

		if (reader->buffer == NULL)
			reader->buffer = MemoryContextAllocHuge(reader->context, size);
		else
			reader->buffer = repalloc_huge(reader->buffer, size);
		reader->size = size;
	}
	return reader->buffer + reader->len;
}

/*
 * Appends bytes as UTF-8; returns how many it took: the beginning of a
 * character waits for its end
 */
static size_t
buffer_append(DelimitedReader *reader, const char *bytes, size_t len, bool final)
{
	size_t		taken = 0;

	if (reader->encoding == TEXT_UTF16LE || reader->encoding == TEXT_UTF16BE)
	{
		char	   *target = buffer_room(reader, TEXT_MAX_EXPANSION * len + TEXT_MAX_EXPANSION);

		reader->len += text_utf16_to_utf8(reader->encoding, bytes, len, final, target, &taken);
		return taken;
	}
	if (reader->convert == NULL)
	{
		char	   *target = buffer_room(reader, len * (reader->encoding == TEXT_UTF8 ?
														1 : TEXT_MAX_EXPANSION));

		reader->len += text_to_utf8(reader->encoding, bytes, len, target);
		return len;
	}
	while (taken < len)
	{
		size_t		target_len = 0;
		char	   *target = buffer_room(reader, DELIMITED_EXPANSION * (len - taken) + 1);

		taken += reader->convert(reader->convert_arg, bytes + taken, len - taken, target,
								 &target_len);
		reader->len += target_len;
		if (taken == len || (len - taken < sizeof(reader->carry) && !final))
			break;
		/* a byte that is none of the encoding: copied, it makes its field no text */
		reader->buffer[reader->len++] = bytes[taken] & 0x80 ? bytes[taken] : (char) 0xFF;
		taken++;
	}
	return taken;
}

/* Text of two bytes a character says so itself, by its mark or by its zeros */
static void
find_encoding(DelimitedReader *reader, const unsigned char *bytes, size_t len)
{
	reader->encoding_is_known = true;
	if (reader->convert || reader->encoding != TEXT_UTF8 || len < 2)
		return;
	if ((bytes[0] == 0xFF && bytes[1] == 0xFE) ||
		(len >= 4 && bytes[0] && !bytes[1] && bytes[2] && !bytes[3]))
		reader->encoding = TEXT_UTF16LE;
	else if ((bytes[0] == 0xFE && bytes[1] == 0xFF) ||
			 (len >= 4 && !bytes[0] && bytes[1] && !bytes[2] && bytes[3]))
		reader->encoding = TEXT_UTF16BE;
}

void
delimited_push(DelimitedReader *reader, const char *bytes, size_t len, bool last)
{
	size_t		taken;

	if (reader->pos > 0)
	{
		memmove(reader->buffer, reader->buffer + reader->pos, reader->len - reader->pos);
		reader->len -= reader->pos;
		reader->pos = 0;
	}
	reader->last = reader->last || last;

	/* what was left over goes first, with as much as makes it whole */
	while (reader->ncarry > 0 && len > 0)
	{
		reader->carry[reader->ncarry++] = *bytes++;
		len--;
		if (!reader->encoding_is_known && reader->ncarry < 4)
			continue;
		if (!reader->encoding_is_known)
			find_encoding(reader, (unsigned char *) reader->carry, reader->ncarry);
		taken = buffer_append(reader, reader->carry, reader->ncarry, reader->last && len == 0);
		reader->ncarry -= taken;
		memmove(reader->carry, reader->carry + taken, reader->ncarry);
	}
	if (!reader->encoding_is_known && reader->ncarry + len < 4 && !reader->last)
		taken = 0;
	else
	{
		if (!reader->encoding_is_known)
			find_encoding(reader,
						  (const unsigned char *) (reader->ncarry > 0 ? reader->carry : bytes),
						  reader->ncarry > 0 ? reader->ncarry : len);
		if (reader->ncarry > 0 && reader->last)
		{
			buffer_append(reader, reader->carry, reader->ncarry, true);
			reader->ncarry = 0;
		}
		taken = buffer_append(reader, bytes, len, reader->last);
	}
	Assert(reader->ncarry + (len - taken) <= sizeof(reader->carry));
	memcpy(reader->carry + reader->ncarry, bytes + taken, len - taken);
	reader->ncarry += len - taken;
}

/* Moves behind empty lines; false: nothing but those is there */
bool
delimited_skip_empty_lines(DelimitedReader *reader)
{
	while (reader->pos < reader->len &&
		   (reader->buffer[reader->pos] == '\n' || reader->buffer[reader->pos] == '\r'))
		reader->pos++;
	return reader->pos < reader->len;
}

/*
 * Copies the record's bytes and cuts the copy into the fields of the last
 * scan.  The copy is valid until the next call.
 */
void
delimited_cut_fields(DelimitedReader *reader, size_t raw_len)
{
	DelimitedScan *scan = &reader->scan;

	if (raw_len + 1 > reader->values_size)
	{
		reader->values_size = Max(raw_len + 1, 2 * reader->values_size);
		if (reader->values)
			pfree(reader->values);
		reader->values = MemoryContextAlloc(reader->context, reader->values_size);
	}
	memcpy(reader->values, reader->buffer + reader->pos, raw_len);

	for (int i = 0; i < scan->nfields; i++)
	{
		ScanField  *field = &scan->fields[i];

		field->value = reader->values + field->start;
		field->len = field->end - field->start;
		if (field->doubled)
			field->len = delimited_undouble(field->value, field->len, scan->quote, scan->backslash);
		field->value[field->len] = '\0';
	}
}
