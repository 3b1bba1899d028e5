package io.headrace.provider.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** An HTTP proxy on loopback that tunnels every {@code CONNECT} to one port there, whatever host is asked for. */
final class ProxyServer implements AutoCloseable {

    private final List<String> heads = new CopyOnWriteArrayList<>();
    private final RawServer server;
    private volatile boolean frozen;

    /**
     * @param target the port that it tunnels to
     * @param authorization what it wants to see in {@code Proxy-Authorization}, empty for nothing
     */
    ProxyServer(int target, String authorization) {
        this.server = new RawServer(peer -> {
            String head = peer.readHead();
            heads.add(head);
            if (!authorization.isEmpty() && !head.contains("\r\nproxy-authorization: " + authorization + "\r\n")) {
                peer.write("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
                return;
            }
            try (Socket onward = new Socket(InetAddress.getLoopbackAddress(), target)) {
                peer.write("HTTP/1.1 200 Connection established\r\n\r\n");
                Thread back = new Thread(() -> {
                    try (InputStream in = onward.getInputStream()) {
                        relay(in, peer.out());
                    } catch (IOException e) {
                        // the tunnel has ended
                    }
                });
                back.setDaemon(true);
                back.start();
                relay(peer.in(), onward.getOutputStream());
            }
        });
    }

    private void relay(InputStream in, OutputStream out) throws IOException {
        byte[] buffer = new byte[8192];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            if (!frozen) {
                out.write(buffer, 0, n);
            }
        }
    }

    /** Loses whatever comes from now on, as a router does that has forgotten the connections through it. */
    void freeze() {
        frozen = true;
    }

    /** Lets connections through that are opened from now on. */
    void thaw() {
        frozen = false;
    }

    /** The heads of the requests to the proxy itself. */
    List<String> heads() {
        return heads;
    }

    int port() {
        return URI.create(server.url()).getPort();
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
