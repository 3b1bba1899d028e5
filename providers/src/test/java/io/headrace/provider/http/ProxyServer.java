package io.headrace.provider.http;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** An HTTP proxy on loopback that tunnels every {@code CONNECT} to one port there, whatever host is asked for. */
final class ProxyServer implements AutoCloseable {

    private final List<String> heads = new CopyOnWriteArrayList<>();
    private final RawServer server;

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
                        in.transferTo(peer.out());
                    } catch (IOException e) {
                        // the tunnel has ended
                    }
                });
                back.setDaemon(true);
                back.start();
                peer.in().transferTo(onward.getOutputStream());
            }
        });
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
