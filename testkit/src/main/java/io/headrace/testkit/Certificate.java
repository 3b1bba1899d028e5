package io.headrace.testkit;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;

/** A certificate for the loopback address, signed by itself, whose key was made in memory and goes with the process. */
final class Certificate {

    private final X509Bundle bundle;

    private Certificate(X509Bundle bundle) {
        this.bundle = bundle;
    }

    /**
     * @throws IllegalStateException without the library that signs certificates
     */
    static Certificate make(String address) {
        try {
            return new Certificate(new CertificateBuilder()
                    .subject("CN=Headrace simulated provider")
                    .ecp256()
                    .addSanIpAddress(address)
                    .addSanDnsName("localhost")
                    .setIsCertificateAuthority(true)
                    .buildSelfSigned());
        } catch (NoClassDefFoundError e) {
            throw new IllegalStateException(
                    "TLS needs io.netty:netty-pkitesting on the class path, in the version of Netty: add it", e);
        } catch (Exception e) {
            throw new IllegalStateException("cannot make a certificate: " + e.getMessage(), e);
        }
    }

    String pem() {
        return bundle.getCertificatePEM();
    }

    TrustManagerFactory trust() {
        return bundle.toTrustManagerFactory();
    }

    KeyManagerFactory keys() {
        try {
            return bundle.toKeyManagerFactory();
        } catch (Exception e) {
            throw new IllegalStateException("cannot use the certificate: " + e.getMessage(), e);
        }
    }
}
