package io.headrace.provider.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A TCP server on loopback whose every connection does what a test says, however ill-behaved; a thread for each. */
final class RawServer implements AutoCloseable {

    /** What happens on one connection; it is closed afterwards. */
    interface Behaviour {
        void on(Peer peer) throws Exception;
    }

    /** One connection, seen from the server. */
    static final class Peer {

        private final Socket socket;

        Peer(Socket socket) {
            this.socket = socket;
        }

        /** Reads one request, head and body; false at the end of the connection. */
        boolean readRequest() throws IOException {
            String head = readHead();
            for (String line : head.split("\r\n")) {
                if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                    in().skipNBytes(Long.parseLong(line.substring(15).trim()));
                }
            }
            return !head.isEmpty();
        }

        /** Reads the head of a request; empty at the end of the connection. */
        String readHead() throws IOException {
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                int next = in().read();
                if (next < 0) {
                    return "";
                }
                head.append((char) next);
            }
            return head.toString();
        }

        InputStream in() throws IOException {
            return socket.getInputStream();
        }

        OutputStream out() throws IOException {
            return socket.getOutputStream();
        }

        Peer write(String text) throws IOException {
            socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
            return this;
        }

        Peer writeAnswer(String body) throws IOException {
            return write("HTTP/1.1 200 OK\r\ncontent-length: " + body.getBytes(StandardCharsets.UTF_8).length
                    + "\r\n\r\n" + body);
        }

        /** Ends the connection with a reset instead of a farewell. */
        void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }

        /** Waits until the client closes or resets. */
        void awaitEnd() {
            try {
                while (socket.getInputStream().read() >= 0) {
                    // whatever comes
                }
            } catch (IOException e) {
                // a reset is an end as well
            }
        }
    }

    private final ServerSocket socket;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger accepted = new AtomicInteger();

    RawServer(Behaviour behaviour) {
        try {
            socket = new ServerSocket(0, 1024, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        thread(() -> {
            while (true) {
                Socket connection = socket.accept();
                accepted.incrementAndGet();
                open.add(connection);
                thread(() -> {
                    try (connection) {
                        behaviour.on(new Peer(connection));
                    } finally {
                        open.remove(connection);
                    }
                });
            }
        });
    }

    String url() {
        return "http://127.0.0.1:" + socket.getLocalPort();
    }

    int accepted() {
        return accepted.get();
    }

    int open() {
        return open.size();
    }

    @Override
    public void close() throws IOException {
        socket.close();
        for (Socket connection : open) {
            connection.close();
        }
    }

    private interface Work {
        void run() throws Exception;
    }

    private static void thread(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (Exception e) {
                // the connection or the server has ended
            }
        });
        thread.setDaemon(true);
        thread.start();
    }
}
