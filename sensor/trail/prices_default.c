/* prices_default.c: sensor/trail/prices.list, as it is, in the binary. */
#include "sensor/trail/price.h"

/* Found by the -I. of every build; the Makefile knows the dependency. */
__asm__(".section .rodata\n"
	".global prices_default_text\n"
	"prices_default_text:\n"
	".incbin \"sensor/trail/prices.list\"\n"
	"1:\n"
	".byte 0\n"
	".balign 8\n"
	".global prices_default_len\n"
	"prices_default_len:\n"
	".quad 1b - prices_default_text\n"
	".previous\n");
