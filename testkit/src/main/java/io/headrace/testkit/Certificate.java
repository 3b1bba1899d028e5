package io.headrace.testkit;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.KeyStoreException;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;

/** A certificate for the loopback address, signed by itself, whose key was made in memory and goes with the process. */
final class Certificate {

    private static final char[] NO_PASSWORD = {};

    private final X509Bundle bundle;
    private final KeyStore store;

    private Certificate(X509Bundle bundle) throws KeyStoreException {
        this.bundle = bundle;
        // PKCS12, which the bundle itself takes, spends a fifth of a second on hiding the key from this very process
        this.store = bundle.toKeyStore("JKS", NO_PASSWORD);
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
        try {
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            return trust;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("cannot use the certificate: " + e.getMessage(), e);
        }
    }

    KeyManagerFactory keys() {
        try {
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, NO_PASSWORD);
            return keys;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("cannot use the certificate: " + e.getMessage(), e);
        }
    }
}
