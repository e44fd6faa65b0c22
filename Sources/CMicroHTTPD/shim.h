#include <microhttpd.h>
#include <stdbool.h>

/* Swift does not import variadic functions. These functions call them with the required arguments. */

/* Provides no certificate. handleConnection sets the credentials of each session before its handshake; a session
   without them must fail. GnuTLS's types are replaced by void. */
static int kae_no_certificate(
    void *session, const void *authorities, int authority_count, const void *algorithms, int algorithm_count,
    void **certificates, unsigned int *certificate_count, void **key)
{
    return -1;
}

static inline struct MHD_Daemon *kae_start_daemon(
    int listen_socket, MHD_AccessHandlerCallback handler, void *handler_context, MHD_RequestCompletedCallback completed,
    size_t (*unescape)(void *, struct MHD_Connection *, char *), MHD_NotifyConnectionCallback notify_connection,
    bool uses_tls, unsigned int threads, unsigned int connections, unsigned int timeout_seconds, size_t connection_memory)
{
    struct MHD_OptionItem tls_options[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *) &kae_no_certificate},
        {MHD_OPTION_END, 0, NULL},
    };
    return MHD_start_daemon(
        /* Not epoll: with it 0.9.75 misses a FIN that arrives with the last bytes, and keeps the connection until it
           times out. */
        MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME | (uses_tls ? MHD_USE_TLS : 0),
        0, NULL, NULL, handler, handler_context,
        MHD_OPTION_LISTEN_SOCKET, listen_socket,
        MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, notify_connection, handler_context,
        MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
        MHD_OPTION_THREAD_POOL_SIZE, threads,
        MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_TIMEOUT, timeout_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory,
        /* Refuses requests that two servers could interpret differently. */
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_ARRAY, uses_tls ? tls_options : tls_options + 1,
        MHD_OPTION_END);
}

/* The GnuTLS session (gnutls_session_t) of a connection; NULL if it has none. */
static inline void *kae_tls_session(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info == NULL ? NULL : (void *) info->tls_session;
}

/* The descriptor of a connection, open as long as the connection; -1 if it has none. */
static inline int kae_descriptor(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : info->connect_fd;
}

/* The client address of a connection, valid as long as the connection; NULL if it is not known. */
static inline const struct sockaddr *kae_client_address(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info == NULL ? NULL : info->client_addr;
}
