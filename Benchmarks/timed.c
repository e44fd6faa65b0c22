// timed RESULT PROGRAM [ARGUMENT...]: runs a program and writes its wall time, CPU time and peak memory to RESULT.
//
// A small process of its own starts the program, because the kernel counts the memory of the process that calls exec
// towards the program's peak; Python's would hide that of small tools.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int count, char **arguments) {
    if (count < 3) {
        fputs("usage: timed RESULT PROGRAM [ARGUMENT...]\n", stderr);
        return 64;
    }
    double begin = now();
    pid_t child = vfork();
    if (child == 0) {
        execvp(arguments[2], arguments + 2);
        _exit(127);
    }
    int status;
    struct rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) < 0) {
        perror("timed");
        return 1;
    }
    double wall = now() - begin;
    FILE *result = fopen(arguments[1], "w");
    if (result == NULL) {
        fprintf(stderr, "timed: %s: %s\n", arguments[1], strerror(errno));
        return 1;
    }
    // usage includes the processes that the program itself waited for.
    fprintf(result, "{\"wall\": %.6f, \"user\": %.6f, \"system\": %.6f, \"peak\": %ld, \"status\": %d}\n", wall,
        seconds(usage.ru_utime), seconds(usage.ru_stime), usage.ru_maxrss * 1024L,
        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return fclose(result) == 0 ? 0 : 1;
}
