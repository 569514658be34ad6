/*
 * address.c
 *	  Which addresses the network may touch.
 *
 * Runs inside curl's callbacks: never throws, allocates nothing (but
 * net_allowed_hosts_valid, which is the check hook of the setting).  Addresses
 * that lead to this machine or into a private network are refused, in all the
 * disguises that IPv6 has for them, unless estate.allow_private_hosts opens
 * them.  Its text is a comma-separated list of host names, addresses and
 * networks (10.0.0.0/8), each with an optional :port; an IPv6 address with a
 * port stands in brackets.
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "net/net.h"

/* an address: 4 bytes if it is IPv4, also where it was mapped into IPv6, else 16 */
typedef struct Address
{
	int			len;			/* 4 or 16; 0: neither */
	unsigned char bytes[16];
	int			port;
} Address;

/* one entry of the list */
typedef struct Entry
{
	const char *name;			/* host name, or NULL */
	size_t		name_len;
	Address		network;
	int			bits;
	int			port;			/* 0: any */
} Entry;

typedef struct Network
{
	unsigned char bytes[4];
	int			bits;
} Network;

/* not on the public internet, or not somewhere to fetch from */
static const Network closed_v4[] = {
	{{0, 0, 0, 0}, 8},			/* this network; Linux connects 0.0.0.0 to itself */
	{{10, 0, 0, 0}, 8},
	{{100, 64, 0, 0}, 10},		/* carrier-grade NAT */
	{{127, 0, 0, 0}, 8},
	{{169, 254, 0, 0}, 16},		/* link-local, with the metadata services of clouds */
	{{172, 16, 0, 0}, 12},
	{{192, 0, 0, 0}, 24},
	{{192, 0, 2, 0}, 24},		/* documentation */
	{{192, 88, 99, 0}, 24},		/* 6to4 relays */
	{{192, 168, 0, 0}, 16},
	{{198, 18, 0, 0}, 15},		/* benchmarks */
	{{198, 51, 100, 0}, 24},
	{{203, 0, 113, 0}, 24},
	{{224, 0, 0, 0}, 4},		/* multicast */
	{{240, 0, 0, 0}, 4}			/* reserved, broadcast */
};

static bool
same_prefix(const unsigned char *a, const unsigned char *b, int bits)
{
	int			whole = bits / 8;
	int			rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static bool
public_v4(const unsigned char *bytes)
{
	for (int i = 0; i < lengthof(closed_v4); i++)
		if (same_prefix(bytes, closed_v4[i].bytes, closed_v4[i].bits))
			return false;
	return true;
}

/* the global unicast block is open, but for the parts that lead elsewhere */
static bool
public_v6(const unsigned char *bytes)
{
	static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	static const unsigned char special[4] = {0x20, 0x01, 0x00, 0x00};	/* 2001::/23, with Teredo */
	static const unsigned char documentation[4] = {0x20, 0x01, 0x0d, 0xb8};
	static const unsigned char documentation2[3] = {0x3f, 0xff, 0x00};
	static const unsigned char sixtofour[2] = {0x20, 0x02};

	if (memcmp(bytes, nat64, 12) == 0)
		return public_v4(bytes + 12);
	if (memcmp(bytes, sixtofour, 2) == 0)
		return public_v4(bytes + 2);
	if ((bytes[0] & 0xe0) != 0x20)
		return false;
	return !same_prefix(bytes, special, 23) &&
		!same_prefix(bytes, documentation, 32) &&
		!same_prefix(bytes, documentation2, 20);
}

/* IPv4 that is mapped into IPv6 is the same address for the kernel */
static void
unmap(Address *address)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (address->len == 16 && memcmp(address->bytes, mapped, 12) == 0)
	{
		memmove(address->bytes, address->bytes + 12, 4);
		address->len = 4;
	}
}

static Address
address_of(const struct sockaddr *sockaddr)
{
	Address		address = {0};

	if (sockaddr->sa_family == AF_INET)
	{
		const struct sockaddr_in *v4 = (const struct sockaddr_in *) sockaddr;

		address.len = 4;
		memcpy(address.bytes, &v4->sin_addr, 4);
		address.port = ntohs(v4->sin_port);
	}
	else if (sockaddr->sa_family == AF_INET6)
	{
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *) sockaddr;

		address.len = 16;
		memcpy(address.bytes, &v6->sin6_addr, 16);
		address.port = ntohs(v6->sin6_port);
	}
	unmap(&address);
	return address;
}

/* digits up to end; -1: no number, or larger than max */
static int
address_read_number(const char *text, const char *end, int max)
{
	int			number = 0;

	if (text >= end)
		return -1;
	for (; text < end; text++)
	{
		if (!isdigit((unsigned char) *text))
			return -1;
		number = number * 10 + (*text - '0');
		if (number > max)
			return -1;
	}
	return number;
}

static bool
read_name(Entry *entry, const char *text, const char *end)
{
	bool		letters = false;

	for (const char *c = text; c < end; c++)
	{
		if (!isalnum((unsigned char) *c) && strchr("-._", *c) == NULL)
			return false;
		letters |= isalpha((unsigned char) *c) != 0;
	}

	/* what is all digits and dots was meant as an address */
	if (!letters)
		return false;
	entry->name = text;
	entry->name_len = end - text;
	return true;
}

/* an address, perhaps with /bits */
static bool
read_network(Entry *entry, const char *text, const char *end)
{
	char		copy[INET6_ADDRSTRLEN];
	const char *slash = memchr(text, '/', end - text);
	size_t		len = (slash ? slash : end) - text;
	int			max;

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, entry->network.bytes) == 1)
		entry->network.len = 4;
	else if (inet_pton(AF_INET6, copy, entry->network.bytes) == 1)
		entry->network.len = 16;
	else
		return false;
	max = entry->network.len * 8;
	entry->bits = slash ? address_read_number(slash + 1, end, max) : max;
	if (entry->network.len == 16 && entry->bits >= 96)
	{
		unmap(&entry->network);
		if (entry->network.len == 4)
			entry->bits -= 96;
	}
	return entry->bits >= 0;
}

/* one entry, without white space around it; false: it makes no sense */
static bool
read_entry(Entry *entry, const char *text, const char *end)
{
	const char *colon = NULL;

	memset(entry, 0, sizeof(Entry));
	if (text < end && *text == '[')
	{
		const char *bracket = memchr(text, ']', end - text);

		if (bracket == NULL)
			return false;
		if (bracket + 1 < end)
		{
			if (bracket[1] != ':' ||
				(entry->port = address_read_number(bracket + 2, end, 65535)) <= 0)
				return false;
		}
		return read_network(entry, text + 1, bracket) && entry->network.len != 0;
	}
	for (const char *c = text; c < end; c++)
	{
		if (*c != ':')
			continue;
		if (colon != NULL)		/* more than one: IPv6 */
			return read_network(entry, text, end);
		colon = c;
	}
	if (colon != NULL)
	{
		if ((entry->port = address_read_number(colon + 1, end, 65535)) <= 0)
			return false;
		end = colon;
	}
	return read_network(entry, text, end) || read_name(entry, text, end);
}

/* the next entry of the list; false: there is none */
static bool
next_entry(const char **list, const char **text, const char **end)
{
	while (isspace((unsigned char) **list) || **list == ',')
		(*list)++;
	if (**list == '\0')
		return false;
	*text = *list;
	*list += strcspn(*list, ",");
	*end = *list;
	while (isspace((unsigned char) (*end)[-1]))
		(*end)--;
	return true;
}

static bool
entry_opens(const Entry *entry, const Address *address, const char *host)
{
	if (entry->port != 0 && entry->port != address->port)
		return false;
	if (entry->name != NULL)
		return strlen(host) == entry->name_len &&
			pg_strncasecmp(host, entry->name, entry->name_len) == 0;
	return entry->network.len == address->len &&
		same_prefix(entry->network.bytes, address->bytes, entry->bits);
}

/* may a connection be made to this address, which host stands for? */
bool
net_address_allowed(const struct sockaddr *sockaddr, const char *host, const char *allowed_hosts)
{
	Address		address = address_of(sockaddr);
	const char *text;
	const char *end;
	Entry		entry;

	if (address.len == 0)
		return false;
	if (address.len == 4 ? public_v4(address.bytes) : public_v6(address.bytes))
		return true;
	while (allowed_hosts != NULL && next_entry(&allowed_hosts, &text, &end))
		if (read_entry(&entry, text, end) && entry_opens(&entry, &address, host))
			return true;
	return false;
}

/* for the check hook: false and a detail if the list cannot be read */
bool
net_allowed_hosts_valid(const char *allowed_hosts, char **error)
{
	const char *text;
	const char *end;
	Entry		entry;

	while (allowed_hosts != NULL && next_entry(&allowed_hosts, &text, &end))
	{
		if (read_entry(&entry, text, end))
			continue;
		*error = psprintf("\"%.*s\" is not a host name, an address or a network,"
						  " with an optional :port.", (int) (end - text), text);
		return false;
	}
	return true;
}
