internal import Support

/// What people type who know other programs: a name of ours, or what to do instead.
public enum GuessedNames {
    /// What to say of a name that there is not: which one is meant, or nearest, or what to do; nil for what says nothing to us.
    ///
    /// - Parameters:
    ///   - name: as it was typed, with or without the dashes of a flag.
    ///   - names: those that there are, with dashes between their words.
    ///   - quoted: how a name is written.
    public static func hint(
        for name: String, among names: [String], quoted: (String) -> String = { "'\($0)'" }
    ) -> String? {
        let letters = lettersAlone(name)
        if let same = names.first(where: { lettersAlone($0) == letters }) { return "it is \(quoted(same))" }
        let meant = flags.filter { $0.guesses.contains(letters) }.flatMap { $0.meant.split(separator: " ").map(String.init) }
        if let found = meant.first(where: names.contains) { return "it is \(quoted(found))" }
        if let text = advice.first(where: { $0.guesses.contains(letters) })?.meant { return text }
        return nearestName(to: withoutDashes(name), among: names).map { "nearest is \(quoted($0))" }
    }

    /// The same for a command.
    public static func hint(forCommand name: String, among names: [String]) -> String? {
        if let found = commands.first(where: { $0.guesses.contains(lettersAlone(name)) })?.meant { return found }
        return nearestName(to: name, among: names).map { "nearest is '\($0)'" }
    }

    /// The same for a value of a key that has some to choose from.
    package static func hint(forValue name: String, among names: [String]) -> String? {
        let letters = lettersAlone(name)
        if let same = names.first(where: { lettersAlone($0) == letters }) { return same }
        let meant = values.first { $0.guesses.contains(letters) && names.contains($0.meant) }?.meant
        return meant ?? nearestName(to: name, among: names)
    }

    /// Words are written together, or with dashes, underscores or capitals between them.
    private static func lettersAlone(_ name: String) -> String {
        String(name.unicodeScalars.filter { $0.properties.isAlphabetic || ("0"..."9").contains($0) }.map(Character.init))
            .lowercased()
    }

    private static func withoutDashes(_ name: String) -> String { String(name.drop { $0 == "-" }).replacing("_", with: "-") }

    private typealias Guess = (guesses: Set<String>, meant: String)

    /// Lines of guesses, a colon, and what they mean.
    private static func table(_ text: String) -> [Guess] {
        text.split(separator: "\n").map { line in
            let colon = line.firstIndex(of: ":")!
            return (Set(line[..<colon].split(separator: " ").map(String.init)), String(line[colon...].dropFirst(2)))
        }
    }

    /// Of several names the first that there is where the guess was typed is meant.
    private static let flags = table(
        """
        learningrate learnrate eta stepsize alpha: lr
        b bs batch batchsize minibatch minibatchsize trainbatchsize globalbatchsize batchrows: global-batch
        z zdim zsize nz ndim dim dims ncomponents latentdim latentdims latentsize latentdimension latentdimensions nlatent \
        nlatents numlatents embeddingdim embedding code codesize codedim bottleneck hiddenlatent: latent
        e ep maxepochs numepochs nepochs nepoch totalepochs trainepochs passes: epochs
        layers hiddenlayers hiddenlayer hiddendims hiddendim hiddensizes hiddensize hiddenunits units neurons nhidden nlayers \
        numlayers architecture arch network widths layersizes encoder encoderlayers decoder decoderlayers mlp: hidden
        patience earlystop earlystoppingpatience stopafter: early-stopping
        valfraction validfraction valsplit validsplit validationsplit valsize validationsize valratio holdout: \
        validation-fraction
        val valid validation valdata validdata valset evaldata validationset devdata: validation-data
        test testset: test-data
        testsplit testsize testratio: test-fraction
        o out outdir outputdir outputfolder outfile outputfile savedir savepath saveto logdir rundir runname rundirectory \
        resultdir results dest: output
        d i in input inputs inputfile inputdata infile file files path dataset datafile datapath datadir traindata \
        trainingdata train traindataset x h5 hdf5 h5ad adata: data
        l2 wd decay l2reg weightdecayrate: weight-decay
        klweight kldweight klcoef klcoefficient kl kld: beta
        klwarmup klannealing kldwarmup warmupepochs annealing nepochsklwarmup betawarmup: beta-warmup-epochs
        klschedule annealingschedule: beta-schedule
        warmup lrwarmup warmupiterations: warmup-steps
        gradclip clipgrad gradientclip gradientclipping gradientclipval maxgradnorm clipvalue gradnorm: clip-norm
        s randomstate randomseed rng manualseed: seed
        numworkers workers nworkers loaders dataloaderworkers prefetch: reader-threads threads
        j jobs njobs cpus ncpus cores nthreads numthreads ompnumthreads cpuspertask: threads
        loss lossfunction reconloss reconstructionloss criterion distribution genelikelihood outputdistribution: \
        likelihood
        sigma decoderstd decodervariance observationnoise: likelihood-scale
        optim opt solver: optimizer
        scheduler lrscheduler lrschedule lrpolicy lrdecay annealinglr: schedule
        gamma lrgamma: lr-final-factor
        dtype amp fp16 half mixedprecision bf16 bfloat16 floatprecision: precision
        nonlinearity activationfunction act actfn: activation
        layernorm batchnorm bn norm usebatchnorm uselayernorm: normalization
        init weightinit initializer: initialization
        noise noiselevel noisefactor noisestd corruptionrate maskratio: corruption-level
        normalize normalise standardize standardise scaler scaling normalizer: scale
        log log1p logtransform: transform
        targetsum sizefactor sizefactors totalcounts normalizetotal librarynorm countspercell: library-size
        missing missingvalues navalues na nans handlenan: nan
        binarise binary: binarize
        c cfg conf configfile configuration yaml settings params: config checkpoint
        m model run ckpt checkpoints checkpointpath checkpointfile ckptpath modelpath modelfile modeldir load restore \
        resumefrom loadcheckpoint weightsfile: checkpoint resume
        pretrained pretrainedmodel finetune finetunefrom warmstart warmstartfrom initfrom initcheckpoint startfrom basemodel: \
        checkpoint from
        checkpoint continue resumefromcheckpoint restart: resume
        saveevery savefreq savefrequency checkpointevery checkpointfreq checkpointfrequency saveinterval checkpointinterval: \
        checkpoint-every-epochs
        keepcheckpoints maxcheckpoints savetotallimit savetopk keeplast: keep
        steps maxiter maxiters iterations iters niter numsteps nsteps trainsteps totalsteps: max-steps
        t time walltime timelimit maxtime maxduration: time-limit time
        kfold kfolds cv nsplits crossvalidation nfolds: folds
        label y target targets labelkey labelcolumn labelpath classes celltype groupby: labels
        sampleweight sampleweights weight rowweights: weights
        subset rowrange selection indices index: rows
        nshards numshards replicas: shards
        microbatchsize accumulate gradientaccumulation accumulategradbatches: micro-batch
        shufflebuffer buffersize shufflesize: mixing-rows
        mem memorylimit maxmemory ram cachesize: memory
        f force overwrite replace y yes clobber: force
        fmt outputformat type outformat: format
        n num number nsamples numsamples samplecount size: count samples
        nsample numsample importancesamples k mcsamples: samples
        normals normallabel normallabels normalclass inliers inlier: normal fit-normal
        threshold thresholds quantiles percentile percentiles contamination: quantile
        fit fitdata traindata reference referencedata background: fit-data
        temperature density prior: from
        imputations nimputations draw: draws
        image images png plot figure picture: grid
        params param sweep search hyperparameters values: grid
        queue q: partition
        a project: account
        tasks ntasks ntaskspernode taskspernode ranks ppn: ranks-per-node
        """)

    private static let advice = table(
        """
        device devices gpu gpus ngpus cuda usecuda nogpu accelerator mps tpu rocm: there is none: mpi-vae runs on processors \
        alone, on as many ranks as `mpirun -n N mpi-vae` starts
        n np nproc nprocs numprocs processes ranks nranks numranks worldsize nodes nnodes ntasks ppn hosts: ranks are started \
        by `mpirun -n N mpi-vae ...`, on several nodes by the job script of `mpi-vae slurm`
        dropout dropoutrate pdrop: it is an item of networks, as in --encoder "dense 400, relu, dropout 0.1"; --corruption masking \
        hides values from the encoder
        tensorboard wandb mlflow logger comet usewandb: there is none: figures are in metrics.csv and report.html of the run's \
        folder
        v verbose verbosity q quiet silent debug loglevel progress noprogress: there is none: results go to stdout, messages \
        to stderr
        force f overwrite restart fresh clobber: a run goes on where it stopped: --resume never begins anew, --output names \
        another folder
        shuffle noshuffle shuffling: there is none: the rows of an epoch are always mixed, by --seed
        backend distbackend ddp strategy distributed masteraddr masterport rdzvendpoint: there is none: ranks find each other \
        by MPI, `mpirun -n N mpi-vae`
        format filetype datatype: there is none: data are HDF5, and `mpi-vae import` makes it of other files
        """)

    private static let commands = table(
        """
        fit run start learn training pretrain continue resume: it is 'train'
        encode encoding transform embedding embeddings latent latents project codes extract features umap: it is 'embed'
        predict infer inference apply: it is 'embed' for codes, 'reconstruct' for rows, or 'score' for how unlike the training \
        rows they are
        sample samples decode synthesize synthesise generation draw interpolate traverse: it is 'generate'
        test eval evaluation validate metrics elbo likelihood: it is 'evaluate'
        anomaly anomalies detect detection outlier outliers novelty scores rapp scoring: it is 'score'
        denoise reconstruction reconstructions restore autoencode: it is 'reconstruct'
        fill fillna imputation complete: it is 'impute'
        convert load ingest csv tohdf5 rechunk preprocess prepare: it is 'import'
        info show ls list describe summary h5ls dump cat view head: it is 'inspect'
        onnx safetensors npz torchscript deploy save: it is 'export'
        verify fsck lint checksum: it is 'check'
        repeat replicate replay rerun again reproducibility digest: it is 'reproduce'
        benchmark speed profile time perf: it is 'bench'
        tune grid gridsearch search hyperopt optuna cv crossvalidate crossvalidation sweeps: it is 'sweep'
        sbatch submit job jobscript batch srun: it is 'slurm'
        plot html dashboard view visualize visualise tensorboard: it is 'report'
        env environment diagnose system mpi versions: it is 'doctor'
        version: it is --version
        defaults configuration settings keys template init configure: it is 'config'
        """)

    private static let values = table(
        """
        normal gauss l2 squared: gaussian
        meansquarederror squarederror: mse
        bce crossentropy binarycrossentropy binary xent: bernoulli
        gaussianvariance heteroscedastic: gaussian-learned
        negativebinomial negbinomial nbinom: nb
        zeroinflated zeroinflatednegativebinomial zi scvi: zinb
        counts count: poisson
        softmax onehot: categorical
        lognormal: log-normal
        studentt student t tdistribution: student-t
        cb contbernoulli: continuous-bernoulli
        categoricalcounts multvae: multinomial
        l1 mae absolute absoluteerror doubleexponential: laplace
        standard zscore standardscaler standardise znorm unitvariance meanstd: standardize
        minmaxscaler unit range 01 normalize: min-max
        log lognormalize: log1p
        leaky lrelu: leaky-relu
        swish: silu
        logistic: sigmoid
        layernorm ln: layer
        xavier xavieruniform glorotuniform: glorot
        kaiming kaimingnormal kaiminguniform henormal: he
        torch default: pytorch
        autoencoder: ae
        variational variationalautoencoder betavae: vae
        dae denoisingautoencoder: denoising
        cosineannealing cosinedecay: cosine
        steplr multistep: step
        exp exponentialdecay: exponential
        none no off fixed: constant
        cyclic cosine: cyclical
        anneal warmup annealing: linear
        float32 single f32 full 32: fp32
        bfloat16 half mixed 16 fp16: bf16
        ignore skip remove: drop
        saltpepper impulse: salt-and-pepper
        dropout zero: masking
        """)
}
