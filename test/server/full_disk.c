/*
 * full_disk.c
 *	  A file system without room: for LD_PRELOAD.
 *
 *	  cc -shared -fPIC -o full_disk.so full_disk.c
 *
 * statvfs() of a path that has "/full" in it finds no free block.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <sys/statvfs.h>

int
statvfs(const char *path, struct statvfs *space)
{
	int			(*real) (const char *, struct statvfs *) = dlsym(RTLD_NEXT, "statvfs");
	int			result = real(path, space);

	if (result == 0 && strstr(path, "/full"))
		space->f_bavail = 0;
	return result;
}
