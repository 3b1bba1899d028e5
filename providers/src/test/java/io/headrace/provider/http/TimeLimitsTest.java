package io.headrace.provider.http;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import io.headrace.provider.OneOfFive;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Flux;

/** The time limits of an exchange, which run on the clock of the sockets. */
@Timeout(60)
class TimeLimitsTest extends RawExchanges {

    private static final Duration SOON = ofSeconds(20);

    @Test
    void silenceBeforeTheAnswer_timesOut() {
        RawServer server = serve(peer -> {
            peer.readRequest();
            peer.awaitEnd();
        });
        HttpTransport transport =
                keep(HttpTransport.builder().firstByteTimeout(ofMillis(200)).build());

        ApiException error = fail(endpoint(transport, server));

        assertFailed(error, ErrorKind.TIMEOUT, Delivery.UNKNOWN, "firstByteTimeout, PT0.2S");
        awaitNoneOpen(server);
    }

    @Test
    void requestThatDoesNotLeaveWhole_isNotSent() {
        CountDownLatch end = new CountDownLatch(1);
        RawServer server = serve(peer -> end.await());
        HttpTransport transport =
                keep(HttpTransport.builder().firstByteTimeout(ofMillis(300)).build());
        byte[] large = new byte[64 << 20];

        ApiException error = fail(endpoint(transport, server).post("m", large, large.length));
        end.countDown();

        assertFailed(error, ErrorKind.TIMEOUT, Delivery.NOT_SENT, "firstByteTimeout");
    }

    @Test
    void silenceWithinTheBody_timesOut() {
        RawServer server = serve(peer -> {
            peer.readRequest();
            peer.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{");
            peer.awaitEnd();
        });
        HttpTransport transport =
                keep(HttpTransport.builder().idleTimeout(ofMillis(200)).build());

        ApiException error = fail(endpoint(transport, server));

        assertFailed(error, ErrorKind.TIMEOUT, Delivery.UNKNOWN, "idleTimeout, PT0.2S; partial answer, 1 bytes");
        awaitNoneOpen(server);
    }

    @Test
    void dribble_isReadToItsEnd_unlessTheTotalIsMet() throws Exception {
        RawServer server = serve(peer -> {
            while (peer.readRequest()) {
                peer.write("HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\n");
                for (int i = 0; i < 30; i++) {
                    TimeUnit.MILLISECONDS.sleep(20);
                    peer.write("x");
                }
            }
        });
        HttpTransport patient =
                keep(HttpTransport.builder().idleTimeout(ofMillis(400)).build());
        HttpTransport hasty =
                keep(HttpTransport.builder().totalTimeout(ofMillis(200)).build());

        OneOfFive.passes(() ->
                assertThat(post(endpoint(patient, server)).block(SOON).length()).isEqualTo(30));
        assertFailed(fail(endpoint(hasty, server)), ErrorKind.TIMEOUT, Delivery.UNKNOWN, "totalTimeout");
    }

    @Test
    void limitsOfAnEarlierExchange_doNotEndALaterOne() throws Exception {
        OneOfFive.passes(() -> {
            AtomicInteger exchanges = new AtomicInteger();
            RawServer server = serve(peer -> {
                while (peer.readRequest()) {
                    if (exchanges.incrementAndGet() > 1) {
                        TimeUnit.MILLISECONDS.sleep(250);
                    }
                    peer.writeAnswer("{}");
                }
            });
            HttpTransport transport =
                    keep(HttpTransport.builder().firstByteTimeout(ofMillis(400)).build());
            HttpEndpoint endpoint = endpoint(transport, server);

            assertThat(Flux.range(0, 4).concatMap(i -> post(endpoint)).count().block(SOON))
                    .isEqualTo(4);

            // the next call may begin before the connection of the last is back in the pool
            assertThat(server.accepted()).isLessThanOrEqualTo(2);
        });
    }
}
