# The cluster profile: Microsoft Orleans and TorchSharp, on NVIDIA GPUs or, with DEVICE=cpu, without. From the repository's root:
#   docker build -f deploy/cluster.Dockerfile -t sslorleans:cluster .
#   docker build -f deploy/cluster.Dockerfile -t sslorleans:cluster-cpu --build-arg DEVICE=cpu --build-arg BASE=ubuntu:24.04 .
ARG BASE=nvidia/cuda:12.8.1-base-ubuntu24.04

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
ARG DEVICE=cuda
ENV DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
WORKDIR /source
COPY . .
RUN dotnet publish client/SslOrleans.Client.csproj -c Release -r linux-x64 --self-contained false -p:Profile=cluster -p:Device=$DEVICE -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0 AS runtime

FROM ${BASE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libgomp1 libturbojpeg libspng0 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --create-home sslo
COPY --from=runtime /usr/share/dotnet /usr/share/dotnet
COPY --from=build /app /app
COPY recipes /app/recipes
ENV PATH=$PATH:/usr/share/dotnet SSLO_ROOT=/app
USER 10001
WORKDIR /home/sslo
HEALTHCHECK --interval=5s --timeout=3s --start-period=120s CMD test -f /tmp/sslo-ready
ENTRYPOINT ["dotnet", "exec", "/app/sslo.dll"]
CMD ["silo", "--ready-file", "/tmp/sslo-ready"]
