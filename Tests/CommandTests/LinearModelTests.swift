import Foundation
import TestSupport
import Testing

/// Linear models against what is known of them in closed form, by scikit-learn.
struct LinearModelTests {
    /// A linear VAE reaches the likelihood of probabilistic PCA (Lucas et al. 2019, "Don't blame the ELBO!", section 3), a linear autoencoder the error of
    /// PCA (Baldi and Hornik 1989).
    @Test func principalComponents() throws {
        let folder = try TemporaryFolder()
        let made = try Program.python(
            """
            import h5py, sys
            from sklearn.datasets import load_digits
            x = load_digits().data
            x = x[:, x.std(0) > .5]
            h5py.File(sys.argv[1] + "/d.h5", "w")["data"] = ((x - x.mean(0)) / x.std(0)).astype("f4")
            """, [folder.url.path])
        #expect(made.status == 0, "\(made)")
        let kinds = [
            ("vae", ["--model", "vae", "--hidden", "none", "--likelihood", "gaussian", "--variance", "shared"]),
            ("pca", ["--model", "pca"]),
        ]
        for (name, options) in kinds {
            let trained = try mpiVAE(
                arguments: [
                    "train", "--data", folder.path("d.h5"), "--output", folder.path(name), "--latent", "8", "--epochs", "3000",
                    "--global-batch", "256", "--lr", "0.002", "--schedule", "cosine", "--validation-fraction", "0", "--no-report",
                ] + options)
            #expect(trained.status == 0, "\(trained)")
            let found = try mpiVAE(
                arguments: ["evaluate", "--checkpoint", folder.path(name), "--data", folder.path("d.h5"), "--json"]
                    + (name == "vae" ? ["--samples", "200"] : []))
            #expect(found.status == 0, "\(found)")
            let compared = try Program.python(
                """
                import h5py, json, sys
                from sklearn.decomposition import PCA
                found = json.loads(sys.argv[3])
                x = h5py.File(sys.argv[1] + "/d.h5")["data"][:].astype(float)
                pca = PCA(8).fit(x)
                if sys.argv[2] == "vae":
                    likelihood = pca.score(x)
                    print(found["log_likelihood"], found["elbo"], likelihood)
                    assert abs(found["log_likelihood"] / likelihood - 1) < 1e-3 and abs(found["elbo"] / likelihood - 1) < 1.5e-3
                else:
                    error = ((pca.inverse_transform(pca.transform(x)) - x) ** 2).mean()
                    print(found["mean_squared_error"], error)
                    assert error < found["mean_squared_error"] < (1 + 1e-3) * error
                """, [folder.url.path, name, found.output])
            #expect(compared.status == 0, "\(compared)")
        }
    }
}
