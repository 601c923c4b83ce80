<#
.SYNOPSIS
    Installs the YunYing front end (receives DICOM, uploads to the centre) as a Windows service.
.DESCRIPTION
    Run as administrator, from a copy of the repository. Needs Python 3.11 or newer for all users
    (https://www.python.org) and, unless -Wheels is given, a way to the Python package index.
    Run again to upgrade or to change a setting: what waits to be uploaded is kept.
.EXAMPLE
    .\install.ps1 -Gateway https://cloud.example.org -Hospital H001 -ApiKeyFile C:\key.txt -SpoolPath D:\YunYing
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [ValidatePattern('^https?://[A-Za-z0-9.:\[\]-]+/?$')] [string] $Gateway,
    [Parameter(Mandatory)] [ValidatePattern('^[A-Z0-9_-]{1,16}$')] [string] $Hospital,
    # The key that the portal shows when a front end is enrolled, in a file of one line.
    [Parameter(Mandatory)] [ValidateScript({ Test-Path -LiteralPath $_ -PathType Leaf })] [string] $ApiKeyFile,
    [ValidatePattern('^[A-Za-z]:\\[^"]{0,100}$')] [string] $SpoolPath = "$env:ProgramData\YunYing\data",
    [ValidatePattern('^[A-Za-z0-9_ .-]{1,16}$')] [string] $AeTitle = 'YUNYING',
    [ValidateRange(1, 65535)] [int] $DicomPort = 11112,
    [ValidatePattern('^[A-Za-z0-9_.-]+$')] [string] $Database = 'yunying',
    [ValidatePattern('^[A-Za-z]:\\[^"]{0,100}$')] [string] $InstallPath = "$env:ProgramFiles\YunYing",
    # A directory of wheels, for a machine that reaches no package index.
    [string] $Wheels = ''
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$service = 'YunYingFrontEnd'
$rule = 'YunYing DICOM'
$settings = "$env:ProgramData\YunYing"
$repository = Resolve-Path "$PSScriptRoot\..\.."

function Invoke-Checked([string] $Program, [string[]] $Arguments) {
    & $Program @Arguments
    if ($LASTEXITCODE -ne 0) { throw "$Program $($Arguments -join ' '): exit code $LASTEXITCODE" }
}

function ConvertTo-Toml([string] $Text) {
    '"' + $Text.Replace('\', '\\').Replace('"', '\"') + '"'
}

function Protect-Path([string] $Path) {
    # SYSTEM and the administrators, by their numbers: their names depend on the language.
    Invoke-Checked 'icacls.exe' @($Path, '/inheritance:r', '/grant:r', '*S-1-5-18:(OI)(CI)F', '*S-1-5-32-544:(OI)(CI)F')
}

$identity = [Security.Principal.WindowsPrincipal] [Security.Principal.WindowsIdentity]::GetCurrent()
if (-not $identity.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
    throw 'Run this as administrator.'
}

if (Get-Service -Name $service -ErrorAction SilentlyContinue) {
    Stop-Service -Name $service -Force
}

# The program
New-Item -ItemType Directory -Force -Path $InstallPath, $settings, $SpoolPath | Out-Null
$python = "$InstallPath\venv\Scripts\python.exe"
if (-not (Test-Path -LiteralPath $python)) {
    Invoke-Checked 'py.exe' @('-3', '-m', 'venv', "$InstallPath\venv")
}
$pip = @('-m', 'pip', 'install', '--quiet', '--require-hashes', '--only-binary', ':all:', '-r', "$repository\requirements-node.txt")
if ($Wheels) { $pip += @('--no-index', '--find-links', $Wheels) }
Invoke-Checked $python $pip
$packages = "$InstallPath\venv\Lib\site-packages"
if (Test-Path -LiteralPath "$packages\dicom_node") {
    Remove-Item -LiteralPath "$packages\dicom_node" -Recurse -Force
}
Copy-Item -LiteralPath "$repository\dicom_node" -Destination $packages -Recurse

# The settings
Protect-Path $settings
Protect-Path $SpoolPath
$key = (Get-Content -LiteralPath $ApiKeyFile -TotalCount 1).Trim()
[IO.File]::WriteAllText("$settings\api_key", $key, [Text.Encoding]::ASCII)
$toml = @"
[dicom]
ae_title = $(ConvertTo-Toml $AeTitle)
host = "0.0.0.0"
port = $DicomPort

[spool]
path = $(ConvertTo-Toml "$SpoolPath\spool")

[quarantine]
path = $(ConvertTo-Toml "$SpoolPath\quarantine")

[portal]
url = $(ConvertTo-Toml $Gateway.TrimEnd('/'))
database = $(ConvertTo-Toml $Database)
api_key_file = $(ConvertTo-Toml "$settings\api_key")
cache_file = $(ConvertTo-Toml "$settings\portal.json")

[upload]
hospital = $(ConvertTo-Toml $Hospital)
"@
# Without a byte order mark, which TOML does not know.
[IO.File]::WriteAllText("$settings\node.toml", $toml, (New-Object Text.UTF8Encoding $false))

# The firewall
Remove-NetFirewallRule -DisplayName $rule -ErrorAction SilentlyContinue
New-NetFirewallRule -DisplayName $rule -Direction Inbound -Protocol TCP -LocalPort $DicomPort -Action Allow -Program $python | Out-Null

# The service
$verb = if (Get-Service -Name $service -ErrorAction SilentlyContinue) { 'update' } else { 'install' }
Invoke-Checked $python @('-m', 'dicom_node.windows_service', '--startup', 'auto', $verb)
# The service control manager hands its services the environment of the time when it was started.
New-ItemProperty -Path "HKLM:\SYSTEM\CurrentControlSet\Services\$service" -Name Environment -PropertyType MultiString -Value @("YUNYING_CONFIG=$settings\node.toml") -Force | Out-Null
Invoke-Checked 'sc.exe' @('failure', $service, 'reset=', '3600', 'actions=', 'restart/5000/restart/5000/restart/60000')
Start-Service -Name $service
Write-Host "$service runs. Settings: $settings\node.toml. Logs: $settings\log"
