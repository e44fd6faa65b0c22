// send PORT LOG BATCH CONNECTIONS: sends a log to an audit webhook, as API servers do, as fast as it accepts it.
//
// The bodies are made before the clock starts. Each connection sends a body, waits for its response, and sends the next
// one. A body that was not accepted is sent again. Prints one JSON object; latencies are from the first byte sent to
// the end of the response's header.
#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <netinet/tcp.h>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <thread>
#include <unistd.h>
#include <vector>

using Clock = std::chrono::steady_clock;

struct Body {
    std::string text;
    size_t events;
};

static std::vector<Body> bodies(const char *path, size_t batch) {
    std::ifstream log(path);
    std::vector<Body> found;
    std::string line;
    while (std::getline(log, line)) {
        if (found.empty() || found.back().events == batch) {
            found.push_back({R"({"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[)", 0});
        }
        Body &body = found.back();
        body.text += body.events++ == 0 ? "" : ",";
        body.text += line;
    }
    for (Body &body : found) {
        body.text += "]}\n";
    }
    return found;
}

static int connected(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    int on = 1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connection < 0 || connect(connection, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0) {
        perror("connect");
        exit(1);
    }
    return connection;
}

static void send_all(int connection, const std::string &head, const std::string &body) {
    iovec parts[2] = {
        {const_cast<char *>(head.data()), head.size()}, {const_cast<char *>(body.data()), body.size()}};
    size_t first = 0;
    while (first < 2) {
        ssize_t sent = writev(connection, parts + first, static_cast<int>(2 - first));
        if (sent < 0) {
            perror("send");
            exit(1);
        }
        for (auto left = static_cast<size_t>(sent); first < 2; first++) {
            size_t taken = std::min(left, parts[first].iov_len);
            parts[first].iov_base = static_cast<char *>(parts[first].iov_base) + taken;
            parts[first].iov_len -= taken;
            left -= taken;
            if (parts[first].iov_len > 0) {
                break;
            }
        }
    }
}

// The status of the response. Its body is read as far as Content-Length says.
static int status(int connection, Clock::time_point &end) {
    std::string text;
    char buffer[4096];
    size_t header = std::string::npos;
    while (header == std::string::npos) {
        ssize_t count = recv(connection, buffer, sizeof buffer, 0);
        if (count <= 0) {
            fputs("the connection was closed\n", stderr);
            exit(1);
        }
        text.append(buffer, static_cast<size_t>(count));
        header = text.find("\r\n\r\n");
    }
    end = Clock::now();
    const char *length = strcasestr(text.c_str(), "\r\nContent-Length:");
    size_t whole = header + 4 + (length ? strtoul(length + 17, nullptr, 10) : 0);
    while (text.size() < whole) {
        ssize_t count = recv(connection, buffer, sizeof buffer, 0);
        if (count <= 0) {
            fputs("the connection was closed within a response\n", stderr);
            exit(1);
        }
        text.append(buffer, static_cast<size_t>(count));
    }
    return atoi(text.c_str() + strlen("HTTP/1.1 "));
}

int main(int count, char **arguments) {
    if (count != 5) {
        fputs("usage: send PORT LOG BATCH CONNECTIONS\n", stderr);
        return 64;
    }
    auto port = static_cast<uint16_t>(atoi(arguments[1]));
    const auto all = bodies(arguments[2], strtoul(arguments[3], nullptr, 10));
    size_t connections = strtoul(arguments[4], nullptr, 10);
    std::atomic<size_t> next{0}, events{0}, refused{0};
    std::vector<std::vector<double>> latencies(connections);
    rusage before{}, after{};
    getrusage(RUSAGE_SELF, &before);
    auto begin = Clock::now();
    std::vector<std::thread> threads;
    for (size_t number = 0; number < connections; number++) {
        threads.emplace_back([&, number] {
            int connection = connected(port);
            for (size_t index; (index = next++) < all.size();) {
                std::string head = "POST /audit HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    "Content-Length: " + std::to_string(all[index].text.size()) + "\r\n\r\n";
                for (;;) {
                    auto start = Clock::now();
                    Clock::time_point end;
                    send_all(connection, head, all[index].text);
                    int answer = status(connection, end);
                    latencies[number].push_back(std::chrono::duration<double>(end - start).count());
                    if (answer == 200) {
                        break;
                    }
                    refused++;
                    std::this_thread::sleep_for(std::chrono::milliseconds(10));
                }
                events += all[index].events;
            }
            close(connection);
        });
    }
    for (auto &thread : threads) {
        thread.join();
    }
    double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    getrusage(RUSAGE_SELF, &after);
    std::vector<double> sorted;
    for (const auto &some : latencies) {
        sorted.insert(sorted.end(), some.begin(), some.end());
    }
    std::sort(sorted.begin(), sorted.end());
    auto quantile = [&](double share) {
        return sorted.empty() ? 0 : sorted[std::min(sorted.size() - 1, static_cast<size_t>(share * sorted.size()))];
    };
    auto cpu = [](const rusage &usage) {
        return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    };
    printf("{\"events\": %zu, \"batches\": %zu, \"refused\": %zu, \"seconds\": %.6f, \"cpu\": %.6f, \"p50\": %.6f, "
           "\"p99\": %.6f, \"worst\": %.6f}\n",
        events.load(), all.size(), refused.load(), seconds, cpu(after) - cpu(before), quantile(0.5), quantile(0.99),
        sorted.empty() ? 0 : sorted.back());
}
