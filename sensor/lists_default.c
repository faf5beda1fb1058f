/* lists_default.c: sensor/pools.list, as it is, in the binary. */
#include "sensor/lists_index.h"

/* Found by the -I. of every build; the Makefile knows the dependency. */
__asm__(".section .rodata\n"
	".global lists_default_text\n"
	"lists_default_text:\n"
	".incbin \"sensor/pools.list\"\n"
	"1:\n"
	".byte 0\n"
	".balign 8\n"
	".global lists_default_len\n"
	"lists_default_len:\n"
	".quad 1b - lists_default_text\n"
	".previous\n");
