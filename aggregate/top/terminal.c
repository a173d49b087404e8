/* termios and five ANSI sequences; no library. Signals only set flags, and the wait is a ppoll() that lets them through at no
 * other time, so that none is missed between a look at the flags and the wait. */
#include "aggregate/top/terminal.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { COLUMNS_DEFAULT = 80, ROWS_DEFAULT = 24 };

static struct termios before;
static sigset_t signals_before;
static volatile sig_atomic_t resized, ended;

static void on_signal(int number) {
    if (number == SIGWINCH)
        resized = 1;
    else
        ended = 1;
}

bool terminal_enter(void) {
    static const int signals[] = {SIGWINCH, SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t held;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before) != 0) return false;
    (void)sigemptyset(&action.sa_mask);
    (void)sigemptyset(&held);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void)sigaction(signals[i], &action, NULL);
        (void)sigaddset(&held, signals[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &held, &signals_before);
    struct termios raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    (void)fputs("\033[?1049h\033[?25l\033[?7l\033[2J", stdout); /* alternate screen, no cursor, no wrapping */
    return true;
}

void terminal_leave(void) {
    (void)fputs("\033[?7h\033[?25h\033[?1049l", stdout);
    (void)fflush(stdout);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
    (void)sigprocmask(SIG_SETMASK, &signals_before, NULL);
}

void terminal_size(int *columns, int *rows) {
    struct winsize size = {.ws_col = 0};
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    *columns = known ? size.ws_col : COLUMNS_DEFAULT;
    *rows = known ? size.ws_row : ROWS_DEFAULT;
}

enum terminal_event terminal_wait(int timeout_ms) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    const struct timespec time = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L};
    int ready = ppoll(&input, 1, &time, &signals_before);
    char keys[64];
    ssize_t count = ready > 0 ? read(STDIN_FILENO, keys, sizeof(keys)) : -1;
    bool quit = ended != 0 || (ready > 0 && count <= 0); /* the terminal has gone */
    for (ssize_t i = 0; i < count; i++) quit |= keys[i] == 'q' || keys[i] == 'Q';
    if (quit) return TERMINAL_QUIT;
    if (resized == 0) return TERMINAL_TIME;
    resized = 0;
    return TERMINAL_RESIZED;
}
