package io.headrace.provider.http;

import io.headrace.ErrorText;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Collection;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import reactor.netty.http.Http2SslContextSpec;
import reactor.netty.http.client.HttpClientSecurityUtils;
import reactor.netty.tcp.DefaultSslContextSpec;
import reactor.netty.tcp.SslProvider;
import reactor.netty.tcp.SslProvider.GenericSslContextSpec;

/** How connections are secured: whom to trust, and which HTTP versions to offer. Host names are always checked. */
final class Tls {

    private Tls() {}

    /**
     * @param trust whom to trust, null for those that Java trusts
     * @param http2 whether to offer HTTP/2 beside HTTP/1.1
     */
    static SslProvider client(@Nullable TrustManagerFactory trust, boolean http2, Duration handshakeTimeout) {
        GenericSslContextSpec<?> context = http2
                ? Http2SslContextSpec.forClient().configure(builder -> builder.trustManager(trust))
                : DefaultSslContextSpec.forClient().configure(builder -> builder.trustManager(trust));
        return SslProvider.builder()
                .sslContext(context)
                .handshakeTimeout(handshakeTimeout)
                .handlerConfigurator(HttpClientSecurityUtils.HOSTNAME_VERIFICATION_CONFIGURER)
                .build();
    }

    /**
     * Trust in the certificates of a PEM file, beside those that Java trusts.
     *
     * @throws IllegalArgumentException if the file cannot be read or holds no certificate
     */
    static TrustManagerFactory trusting(Path pem) {
        try (InputStream in = Files.newInputStream(pem)) {
            Collection<? extends Certificate> added =
                    CertificateFactory.getInstance("X.509").generateCertificates(in);
            if (added.isEmpty()) {
                throw new IllegalArgumentException("no certificate is in " + pem);
            }
            KeyStore all = KeyStore.getInstance("PKCS12");
            all.load(null, null);
            int count = 0;
            for (Certificate each : added) {
                all.setCertificateEntry("added-" + count++, each);
            }
            for (TrustManager manager : factory(null).getTrustManagers()) {
                if (manager instanceof X509TrustManager java) {
                    for (X509Certificate each : java.getAcceptedIssuers()) {
                        all.setCertificateEntry("java-" + count++, each);
                    }
                }
            }
            return factory(all);
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalArgumentException("cannot read certificates from " + pem + ": " + ErrorText.message(e), e);
        }
    }

    private static TrustManagerFactory factory(@Nullable KeyStore store) throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory;
    }
}
