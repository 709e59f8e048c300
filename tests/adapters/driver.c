/* A camera driver in place of the kernel's, for a process that is started with it in LD_PRELOAD.

   It is written against the kernel's own header, so numbers and layouts are checked against that, and behaves
   as a driver does: it fills the buffers that it was given, one each tick, and drops what it has no buffer for.

   DRIVER_NODES  "/dev/video70=MJPG+YUYV /dev/video71= /dev/video72=YUYV": formats; none is a node without pictures
   DRIVER_JPEG   a file: every picture, with a comment segment that holds its number
   DRIVER_LOG    a file: what was asked of it
   DRIVER_FAULT  busy | denied | silent | broken | refuses, or unplug=N: gone after N pictures
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { BUFFERS = 8, SIZE = 65536, TICK_MS = 20 };

static int node = -1, memory = -1;
static char formats[64];
static int count, streaming, queue[BUFFERS], queued, done[BUFFERS], ready, sequence, taken;
static unsigned used[BUFFERS];
static unsigned char *pages;

static const char *get(const char *name) { const char *v = getenv(name); return v ? v : ""; }

static void say(const char *what) {
    FILE *log = fopen(get("DRIVER_LOG"), "a");
    if (log) { fprintf(log, "%s\n", what); fclose(log); }
}

static int refused(int why) { errno = why; return -1; }

static int opened(const char *path) {
    char nodes[512];
    snprintf(nodes, sizeof nodes, "%s", get("DRIVER_NODES"));
    for (char *one = strtok(nodes, " "); one; one = strtok(NULL, " ")) {
        char *equals = strchr(one, '=');
        *equals = 0;
        if (strcmp(one, path)) continue;
        if (!strcmp(get("DRIVER_FAULT"), "denied")) return refused(EACCES);
        snprintf(formats, sizeof formats, "%s", equals + 1);
        node = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        memory = memfd_create("pictures", MFD_CLOEXEC);
        if (ftruncate(memory, BUFFERS * SIZE)) return -1;
        pages = mmap(NULL, BUFFERS * SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
        count = streaming = queued = ready = 0;
        say("open");
        return node;
    }
    return -2;
}

#define OPEN(NAME)                                                              \
    int NAME(const char *path, int flags, ...) {                                \
        int found = opened(path);                                               \
        if (found != -2) return found;                                          \
        va_list more; va_start(more, flags); int mode = va_arg(more, int); va_end(more); \
        int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, #NAME);          \
        return real(path, flags, mode);                                         \
    }
OPEN(open)
OPEN(open64)

int close(int fd) {
    int (*real)(int) = dlsym(RTLD_NEXT, "close");
    if (fd == node && node >= 0) { node = -1; say("close"); }
    return real(fd);
}

#define MAP(NAME)                                                               \
    void *NAME(void *at, size_t size, int can, int flags, int fd, off_t offset) { \
        void *(*real)(void *, size_t, int, int, int, off_t) = dlsym(RTLD_NEXT, #NAME); \
        return real(at, size, can, flags, fd == node && node >= 0 ? memory : fd, offset); \
    }
MAP(mmap)
MAP(mmap64)

static void fill(int index) {
    unsigned char jpeg[SIZE], *to = pages + index * SIZE;
    FILE *file = fopen(get("DRIVER_JPEG"), "rb");
    size_t size = fread(jpeg, 1, SIZE - 4096, file);
    fclose(file);
    unsigned char comment[10] = {0xff, 0xd8, 0xff, 0xfe, 0, 6, 0, 0, sequence >> 8, sequence & 255};
    memcpy(to, comment, 10);
    memcpy(to + 10, jpeg + 2, size - 2);
    memset(to + size + 8, 0, 64); /* as drivers do, more than the picture */
    used[index] = size + 8 + 64;
    if (!strcmp(get("DRIVER_FAULT"), "refuses")) memset(to, 7, used[index]);
}

static void tick(void) {
    uint64_t ticks;
    if (read(node, &ticks, sizeof ticks) != sizeof ticks) return;
    for (; ticks; ticks--, sequence++) {
        if (!queued || !strcmp(get("DRIVER_FAULT"), "silent")) continue;
        done[ready] = queue[0];
        fill(done[ready++]);
        memmove(queue, queue + 1, --queued * sizeof *queue);
    }
}

static int dequeue(struct v4l2_buffer *b) {
    const char *unplug = strstr(get("DRIVER_FAULT"), "unplug=");
    if (unplug && taken >= atoi(unplug + 7)) return refused(ENODEV);
    if (!streaming || b->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || b->memory != V4L2_MEMORY_MMAP)
        return refused(EINVAL);
    if (!ready) tick();
    if (!ready) return refused(EAGAIN);
    b->index = done[0];
    memmove(done, done + 1, --ready * sizeof *done);
    b->bytesused = used[b->index];
    b->flags = strcmp(get("DRIVER_FAULT"), "broken") ? 0 : V4L2_BUF_FLAG_ERROR;
    taken++;
    return 0;
}

int ioctl(int fd, unsigned long request, ...) {
    va_list more; va_start(more, request); void *given = va_arg(more, void *); va_end(more);
    int (*real)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
    if (fd != node || node < 0) return real(fd, request, given);
    switch (request) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *c = given;
        strcpy((char *)c->card, "Test camera");
        c->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING | V4L2_CAP_DEVICE_CAPS;
        c->device_caps = *formats ? V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING : V4L2_CAP_META_CAPTURE;
        return 0;
    }
    case VIDIOC_ENUM_FMT: {
        struct v4l2_fmtdesc *f = given;
        if (f->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || f->index * 5 >= strlen(formats)) return refused(EINVAL);
        const char *four = formats + f->index * 5;
        f->pixelformat = v4l2_fourcc(four[0], four[1], four[2], four[3]);
        return 0;
    }
    case VIDIOC_S_FMT: {
        struct v4l2_format *f = given;
        char text[64];
        snprintf(text, sizeof text, "format %ux%u %.4s", f->fmt.pix.width, f->fmt.pix.height,
                 (char *)&f->fmt.pix.pixelformat);
        say(text);
        if (!strcmp(get("DRIVER_FAULT"), "busy")) return refused(EBUSY);
        f->fmt.pix.sizeimage = SIZE;
        return 0;
    }
    case VIDIOC_REQBUFS: {
        struct v4l2_requestbuffers *r = given;
        if (r->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || r->memory != V4L2_MEMORY_MMAP) return refused(EINVAL);
        count = r->count = r->count < 2 ? 2 : r->count > BUFFERS ? BUFFERS : r->count;
        return 0;
    }
    case VIDIOC_QUERYBUF: case VIDIOC_QBUF: {
        struct v4l2_buffer *b = given;
        if ((int)b->index >= count || b->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || b->memory != V4L2_MEMORY_MMAP)
            return refused(EINVAL);
        if (request == VIDIOC_QBUF) queue[queued++] = b->index;
        b->length = SIZE;
        b->m.offset = b->index * SIZE;
        return 0;
    }
    case VIDIOC_DQBUF:
        return dequeue(given);
    case VIDIOC_STREAMON: {
        if (*(int *)given != V4L2_BUF_TYPE_VIDEO_CAPTURE) return refused(EINVAL);
        struct itimerspec every = {{0, TICK_MS * 1000000}, {0, TICK_MS * 1000000}};
        streaming = 1;
        say("stream");
        return timerfd_settime(node, 0, &every, NULL);
    }
    default:
        return refused(ENOTTY);
    }
}
