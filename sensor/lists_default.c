/* lists_default.c: sensor/pools.list, as it is, in the binary. */
#include "sensor/lists_index.h"

/* Found by the -I. of every build; the Makefile knows the dependency. */
__asm__(".section .rodata\n"
	".global lists_default_begin\n"
	"lists_default_begin:\n"
	".incbin \"sensor/pools.list\"\n"
	".global lists_default_end\n"
	"lists_default_end:\n"
	".byte 0\n"
	".previous\n");
