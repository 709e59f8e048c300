/* A GPIO chip in place of the kernel's, for a process that is started with it in LD_PRELOAD.

   Written against the kernel's own header, so that numbers and layouts are checked against that.

   CHIP_USED   "17=lamp 23=": offsets of lines that are in use, and by whom
   CHIP_LABEL  what it is called
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/gpio.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *get(const char *name) { const char *v = getenv(name); return v ? v : ""; }

int ioctl(int fd, unsigned long request, ...) {
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    if (request == GPIO_GET_CHIPINFO_IOCTL) {
        struct gpiochip_info *info = argument;
        memset(info, 0, sizeof *info);
        snprintf(info->name, sizeof info->name, "gpiochip0");
        snprintf(info->label, sizeof info->label, "%s", get("CHIP_LABEL"));
        info->lines = 54;
        return 0;
    }
    if (request == GPIO_V2_GET_LINEINFO_IOCTL) {
        struct gpio_v2_line_info *info = argument;
        unsigned offset = info->offset;
        memset(info, 0, sizeof *info);
        info->offset = offset;
        char used[256];
        snprintf(used, sizeof used, "%s", get("CHIP_USED"));
        for (char *one = strtok(used, " "); one; one = strtok(NULL, " ")) {
            char *equals = strchr(one, '=');
            *equals = 0;
            if ((unsigned) atoi(one) != offset) continue;
            info->flags = GPIO_V2_LINE_FLAG_USED;
            snprintf(info->consumer, sizeof info->consumer, "%s", equals + 1);
        }
        return 0;
    }
    static int (*real)(int, unsigned long, void *);
    if (!real) real = (int (*)(int, unsigned long, void *)) dlsym(RTLD_NEXT, "ioctl");
    return real(fd, request, argument);
}
