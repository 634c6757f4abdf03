/* The sample image's program: says for which platform it was built. No libc: two system calls are all it needs.
 *
 * PLATFORM: for example "linux/arm64". The numbers and registers are those of syscall(2) and of Linux's own tables.
 */

#if defined(__x86_64__)
enum { WRITE = 1, EXIT = 60 };
#define TRAP "syscall"
#define NUMBER "rax"
#define FIRST "rdi"
#define SECOND "rsi"
#define THIRD "rdx"
#define LOST "rcx", "r11",
#elif defined(__i386__)
enum { WRITE = 4, EXIT = 1 };
#define TRAP "int $0x80"
#define NUMBER "eax"
#define FIRST "ebx"
#define SECOND "ecx"
#define THIRD "edx"
#define LOST
#elif defined(__aarch64__)
enum { WRITE = 64, EXIT = 93 };
#define TRAP "svc #0"
#define NUMBER "x8"
#define FIRST "x0"
#define SECOND "x1"
#define THIRD "x2"
#define LOST
#elif defined(__arm__)
enum { WRITE = 4, EXIT = 1 };
#define TRAP "svc #0"
#define NUMBER "r7"
#define FIRST "r0"
#define SECOND "r1"
#define THIRD "r2"
#define LOST
#elif defined(__riscv)
enum { WRITE = 64, EXIT = 93 };
#define TRAP "ecall"
#define NUMBER "a7"
#define FIRST "a0"
#define SECOND "a1"
#define THIRD "a2"
#define LOST
#elif defined(__loongarch__)
enum { WRITE = 64, EXIT = 93 };
#define TRAP "syscall 0"
#define NUMBER "$a7"
#define FIRST "$a0"
#define SECOND "$a1"
#define THIRD "$a2"
#define LOST "$t0", "$t1", "$t2", "$t3", "$t4", "$t5", "$t6", "$t7", "$t8",
#elif defined(__powerpc64__)
enum { WRITE = 4, EXIT = 1 };
#define TRAP "sc"
#define NUMBER "r0"
#define FIRST "r3"
#define SECOND "r4"
#define THIRD "r5"
#define LOST "r6", "r7", "r8", "r9", "r10", "r11", "r12", "ctr", "cr0",
#elif defined(__s390x__)
enum { WRITE = 4, EXIT = 1 };
#define TRAP "svc 0"
#define NUMBER "r1"
#define FIRST "r2"
#define SECOND "r3"
#define THIRD "r4"
#define LOST
#else
#error "the system calls of this architecture are not known here"
#endif

static const char greeting[] = "Hello from dget! This image is " PLATFORM ".\n";

static long call(long which, long first, long second, long third)
{
    register long number __asm__(NUMBER) = which;
    register long a __asm__(FIRST) = first;
    register long b __asm__(SECOND) = second;
    register long c __asm__(THIRD) = third;
    __asm__ volatile(TRAP : "+r"(number), "+r"(a), "+r"(b), "+r"(c) : : LOST "memory");
#if defined(__x86_64__) || defined(__i386__)
    return number;
#else
    return a;
#endif
}

void _start(void)
{
    long size = sizeof greeting - 1;
    long written = call(WRITE, 1, (long)greeting, size);
    call(EXIT, written != size, 0, 0);
    __builtin_unreachable();
}
